import type { WantedEndpoints } from "../../storage/queries/wanted-endpoints.ts";

/** An endpoint of one service, in one environment. */
export interface EndpointKey {
  readonly service: string;
  readonly environment: string;
  readonly method: string;
  readonly route: string;
}

/** An endpoint in [fromS, toS), seconds since 1970. */
export interface EndpointWindow extends EndpointKey {
  readonly fromS: number;
  readonly toS: number;
}

/** As queries of several endpoints are asked: a list of each part. */
export function toLists(windows: readonly EndpointWindow[]): WantedEndpoints {
  return {
    services: windows.map(({ service }) => service),
    environments: windows.map(({ environment }) => environment),
    methods: windows.map(({ method }) => method),
    routes: windows.map(({ route }) => route),
    fromS: windows.map(({ fromS }) => String(fromS)),
    toS: windows.map(({ toS }) => String(toS)),
  };
}
