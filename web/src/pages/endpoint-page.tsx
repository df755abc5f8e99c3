import type { Finding } from "../../../analyzers/model/finding.ts";
import type {
  EndpointGainResponse,
  EndpointPathResponse,
  FindingsResponse,
} from "../../../collector/api/responses.ts";
import { apiPath } from "../api/api-path.ts";
import { useResource } from "../api/use-resource.ts";
import { PathBars } from "../charts/path-bars.tsx";
import { LoadState } from "../components/load-state.tsx";
import { PageHeading } from "../components/page-heading.tsx";
import { Section } from "../components/section.tsx";
import { TraceCoverageList } from "../components/trace-coverage-list.tsx";
import { formatChange } from "../format/format-change.ts";
import { formatDuration } from "../format/format-duration.ts";
import { formatCountOf } from "../format/format-number.ts";
import { Link } from "../router/link.tsx";
import type { EndpointKey } from "../router/route.ts";
import styles from "./endpoint-page.module.css";

/** Where the endpoint's time goes, and what was found there. */
export function EndpointPage({ endpoint }: { readonly endpoint: EndpointKey }) {
  const { service, environment, method, route } = endpoint;
  const profile = useResource<EndpointPathResponse>(apiPath.criticalPath(endpoint));
  return (
    <>
      <PageHeading
        title={`${method} ${route}`.trim()}
        trail={
          <>
            <Link to={{ page: "endpoints", sort: "total" }}>All endpoints</Link>
            <span>{environment === "" ? service : `${service} (${environment})`}</span>
          </>
        }
      />
      <EndpointFindings endpoint={endpoint} />
      <Section title="Where the time goes">
        <LoadState resource={profile} what="the critical path">
          {(loaded) => <Profile profile={loaded} />}
        </LoadState>
      </Section>
      {profile.data && profile.data.traces > 0 && (
        <Section title="What these traces don't say">
          <TraceCoverageList profile={profile.data} />
        </Section>
      )}
    </>
  );
}

function Profile({ profile }: { readonly profile: EndpointPathResponse }) {
  const { traces, meanDurationNs, rows } = profile;
  if (rows.length === 0) {
    return (
      <p>
        No trace of this endpoint is stored and settled yet ({formatCountOf(traces, "trace")} looked
        at).
      </p>
    );
  }
  return (
    <>
      <p className={styles.how}>
        Mean duration {formatDuration(meanDurationNs)} over {formatCountOf(traces, "trace")}. Only
        time on the critical path counts, so the rows add up to the whole request and what runs in
        the shadow of something longer does not show. The thin bar is the share among the slowest
        5&nbsp;%.
      </p>
      <div className={styles.table}>
        <PathBars profile={profile} />
      </div>
    </>
  );
}

function EndpointFindings({ endpoint }: { readonly endpoint: EndpointKey }) {
  const resource = useResource<FindingsResponse>(apiPath.findings);
  return (
    <Section title="Findings here">
      <LoadState resource={resource} what="its findings">
        {({ findings }) => {
          const here = findings.filter(
            (finding) =>
              finding.service === endpoint.service &&
              finding.environment === endpoint.environment &&
              finding.endpoint.method === endpoint.method &&
              finding.endpoint.route === endpoint.route,
          );
          return here.length === 0 ? (
            <p className={styles.how}>None.</p>
          ) : (
            <>
              <ul className={styles.findings}>
                {here.map(({ id, title, summary }) => (
                  <li key={id}>
                    <Link to={{ page: "finding", id }}>{title}</Link>
                    <span>{summary}</span>
                  </li>
                ))}
              </ul>
              {here.length > 1 && <FixOrder endpoint={endpoint} findings={here} />}
            </>
          );
        }}
      </LoadState>
    </Section>
  );
}

/** Gains don't add up: what is left once each is fixed, together with those above it. */
function FixOrder({
  endpoint,
  findings,
}: {
  readonly endpoint: EndpointKey;
  readonly findings: readonly Finding[];
}) {
  const resource = useResource<EndpointGainResponse>(apiPath.gain(endpoint));
  return (
    <LoadState resource={resource} what="what fixing them saves">
      {({ steps }) =>
        steps.length > 1 && (
          <>
            <p className={styles.how}>In this order, each together with those above it:</p>
            <ol className={styles.steps}>
              {steps.map(({ fix, prediction: { p50, p95 } }) => (
                <li key={fix}>
                  <Link to={{ page: "finding", id: fix }}>
                    {findings.find(({ id }) => id === fix)?.title ?? "A finding of the service"}
                  </Link>{" "}
                  p50 {formatChange(p50).values}, p95 {formatChange(p95).values} (
                  {formatChange(p95).interval})
                </li>
              ))}
            </ol>
          </>
        )
      }
    </LoadState>
  );
}
