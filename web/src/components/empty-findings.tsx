import type { Coverage } from "../../../collector/api/responses.ts";
import { formatCountOf } from "../format/format-number.ts";
import { Link } from "../router/link.tsx";
import styles from "./empty-findings.module.css";

/** An empty list that can be trusted: says what was looked for, in how much, and how to give it more. */
export function EmptyFindings({ coverage }: { readonly coverage: Coverage }) {
  const { spansStored, tracesExamined, detectors, services } = coverage;
  return (
    <div className={styles.empty}>
      <h2>{spansStored === 0 ? "Nothing has arrived yet" : "Nothing found"}</h2>
      <p>
        {spansStored === 0
          ? "No app has sent a trace yet. As soon as one does, what slows it down is listed here."
          : `${formatCountOf(detectors.length, "detector")} looked at ${formatCountOf(tracesExamined, "trace")} of ${listOf(services)}. A trace is examined some seconds after its last span.`}
      </p>
      <section>
        <h3>What is looked for</h3>
        <ul className={styles.detectors}>
          {detectors.map(({ id, title, errors }) => (
            <li key={id}>
              <Link to={{ page: "detector", id }}>{title}</Link>
              {errors > 0 && (
                <span className={styles.failed}> failed on {formatCountOf(errors, "trace")}</span>
              )}
            </li>
          ))}
        </ul>
      </section>
      <AttachHint />
    </div>
  );
}

function AttachHint() {
  return (
    <section>
      <h3>Attach an app</h3>
      <p>A Node.js server, without changing its code:</p>
      <pre className={styles.command}>
        <code>OTEL_SERVICE_NAME=shop node --require @culprit/agent server.js</code>
      </pre>
      <p>Anything that OpenTelemetry instruments already, in any language:</p>
      <pre className={styles.command}>
        <code>OTEL_EXPORTER_OTLP_ENDPOINT={location.origin}</code>
      </pre>
    </section>
  );
}

function listOf(services: readonly string[]): string {
  return services.length === 0 ? "no service" : services.join(", ");
}
