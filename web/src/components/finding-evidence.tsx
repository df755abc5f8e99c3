import type { Finding, SampleTrace } from "../../../analyzers/model/finding.ts";
import { formatDuration } from "../format/format-duration.ts";
import { formatCount, formatCountOf } from "../format/format-number.ts";
import { Link } from "../router/link.tsx";
import { CallSiteName } from "./call-site-name.tsx";
import styles from "./finding-evidence.module.css";

export function FindingEvidence({ finding }: { readonly finding: Finding }) {
  const { evidence, shape, callSite } = finding;
  return (
    <>
      <p>{howOften(finding)}</p>
      {shape !== null && (
        <figure className={styles.shape}>
          <figcaption>
            What is called ({shape.system})
            {callSite !== null && (
              <>
                , called {callSite.function !== "" && `by ${callSite.function} `}at{" "}
                <CallSiteName callSite={callSite} />
              </>
            )}
          </figcaption>
          <pre>
            <code>{shape.text}</code>
          </pre>
        </figure>
      )}
      {shape !== null && callSite === null && (
        <p className={styles.missing}>
          No span says where in the source the call is made: the service does not run under the
          agent, call sites are turned off, or the agent takes none of this library.
        </p>
      )}
      <SampleTraces traces={evidence.sampleTraces} />
    </>
  );
}

function SampleTraces({ traces }: { readonly traces: readonly SampleTrace[] }) {
  if (traces.length === 0) return <p className={styles.missing}>No sample trace is stored.</p>;
  const longestNs = Math.max(...traces.map(({ durationNs }) => durationNs), 1);
  return (
    <ul className={styles.traces} aria-label="Sample traces">
      {traces.map(({ traceId, role, durationNs, spanIds }) => (
        <li key={`${role} ${traceId}`}>
          <Link to={{ page: "trace", traceId, spanId: spanIds[0] ?? null }}>{`${role} trace`}</Link>
          <span className={styles.duration}>{formatDuration(durationNs)}</span>
          <span className={styles.plot} aria-hidden>
            <span style={{ width: `${(100 * durationNs) / longestNs}%` }} />
          </span>
        </li>
      ))}
    </ul>
  );
}

/** Where several endpoints have it, the traces are those of all, and nobody has counted how many there were. */
function howOften({ evidence, otherEndpoints = [] }: Finding): string {
  const { tracesAffected, tracesOfEndpoint, repeatsMedian, repeatsMax } = evidence;
  const traces =
    otherEndpoints.length > 0
      ? `Seen in ${formatCountOf(tracesAffected, "trace")} of ${formatCount(otherEndpoints.length + 1)} endpoints`
      : `Seen in ${formatCount(tracesAffected)} of ${formatCountOf(tracesOfEndpoint, "trace")} of the endpoint`;
  return repeatsMax > 1
    ? `${traces}, with ${formatCount(repeatsMedian)} calls in the median trace and up to ${formatCount(repeatsMax)}.`
    : `${traces}.`;
}
