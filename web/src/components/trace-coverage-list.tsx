import type { EndpointPathResponse } from "../../../collector/api/responses.ts";
import { formatShare } from "../format/format-number.ts";
import { FactList } from "./fact-list.tsx";

/** What the sampled traces do not say, so that a missing finding can be judged; what is complete is left out. */
export function TraceCoverageList({ profile }: { readonly profile: EndpointPathResponse }) {
  const { coverage: c } = profile;
  const of = (missing: number, all: number) =>
    missing === 0 || all === 0 ? null : formatShare(missing / all);
  return (
    <FactList
      facts={[
        ["Time of servers that no child explains", of(c.unexplainedNs, c.serverNs)],
        ["Spans whose parent is missing", of(c.orphans, c.spans)],
        ["Servers without a route", of(c.serversWithoutRoute, c.servers)],
        ["Queries without text", of(c.queriesWithoutText, c.queries)],
        ["Queries with unknown parameters", of(c.queriesWithoutParameters, c.queries)],
        ["Reads with unknown rows", of(c.queriesWithoutRows, c.queries)],
        ["Requests whose other side sent no span", of(c.requestsWithoutServer, c.requests)],
        ["Repeats without a call site", of(c.repeatsWithoutCallSite, c.repeats)],
        ["Traces that stand for others, which were sampled out", of(c.sampledTraces, c.traces)],
      ]}
    />
  );
}
