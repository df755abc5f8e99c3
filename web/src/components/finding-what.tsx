import { Fragment } from "react";
import type { Finding } from "../../../analyzers/model/finding.ts";
import { formatSeconds, formatShare } from "../format/format-number.ts";
import { formatAgo } from "../format/format-time.ts";
import { Link } from "../router/link.tsx";
import { CallSiteName } from "./call-site-name.tsx";
import { EndpointName } from "./endpoint-name.tsx";
import { FactList } from "./fact-list.tsx";

export function FindingWhat({ finding }: { readonly finding: Finding }) {
  const { service, environment, endpoint, callSite, impact, serviceVersions } = finding;
  const { otherEndpoints = [] } = finding;
  const now = Date.now();
  return (
    <FactList
      facts={[
        [
          "Endpoint",
          <Link key="endpoint" to={{ page: "endpoint", service, environment, ...endpoint }}>
            <EndpointName endpoint={endpoint} />
          </Link>,
        ],
        [
          "Also at",
          otherEndpoints.length === 0 ? null : <OtherEndpoints key="others" finding={finding} />,
        ],
        ["Service", environment === "" ? service : `${service} (${environment})`],
        ["Call site", callSite && <CallSiteName callSite={callSite} />],
        ["Time spent in it", `${formatSeconds(impact.secondsPerDay)} a day`],
        ["Share of the critical path", formatShare(impact.criticalPathShare)],
        ["First seen", formatAgo(finding.firstSeenAt, now)],
        ["Last seen", formatAgo(finding.lastSeenAt, now)],
        ["Versions", serviceVersions.length === 0 ? null : serviceVersions.join(", ")],
      ]}
    />
  );
}

/** Those that have the same fault: one fix mends all of them. */
function OtherEndpoints({ finding }: { readonly finding: Finding }) {
  const { service, environment, otherEndpoints = [] } = finding;
  return otherEndpoints.map((endpoint, i) => (
    <Fragment key={`${endpoint.method} ${endpoint.route}`}>
      {i > 0 && ", "}
      <Link to={{ page: "endpoint", service, environment, ...endpoint }}>
        <EndpointName endpoint={endpoint} />
      </Link>
    </Fragment>
  ));
}
