import type { Endpoint } from "../../../analyzers/model/finding.ts";

/** What has no route goes by its span's name, which may begin with the method. */
export function EndpointName({ endpoint }: { readonly endpoint: Endpoint }) {
  const { method, route } = endpoint;
  const hasMethod = route === method || route.startsWith(`${method} `);
  return <code>{hasMethod ? route : `${method} ${route}`.trim()}</code>;
}
