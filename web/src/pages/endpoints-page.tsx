import type { EndpointsResponse } from "../../../collector/api/responses.ts";
import { apiPath } from "../api/api-path.ts";
import { useResource } from "../api/use-resource.ts";
import { EndpointTable } from "../components/endpoint-table.tsx";
import { LoadState } from "../components/load-state.tsx";
import { PageHeading } from "../components/page-heading.tsx";
import type { EndpointSort } from "../router/route.ts";

export function EndpointsPage({ sort }: { readonly sort: EndpointSort }) {
  const resource = useResource<EndpointsResponse>(apiPath.endpoints);
  return (
    <>
      <PageHeading title="Endpoints">
        Requests that the services answered in the last hour. Open one to see where its time goes.
      </PageHeading>
      <LoadState resource={resource} what="the endpoints">
        {({ endpoints, truncated }) =>
          endpoints.length === 0 ? (
            <p>
              No service has answered a request in the last hour. Looked for: spans of kind server,
              in all services and environments.
            </p>
          ) : (
            <>
              <EndpointTable endpoints={endpoints} sort={sort} />
              {truncated && (
                <p>There are more; only the {endpoints.length} with most time are listed.</p>
              )}
            </>
          )
        }
      </LoadState>
    </>
  );
}
