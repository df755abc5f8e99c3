import type { Endpoint } from "../../../analyzers/model/finding.ts";

export function EndpointName({ endpoint }: { readonly endpoint: Endpoint }) {
  return <code>{`${endpoint.method} ${endpoint.route}`.trim()}</code>;
}
