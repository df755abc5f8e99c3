/** Who made the spans: our agent, or OpenTelemetry's own SDK with all of its instrumentations. */
export type Sdk = "culprit" | "opentelemetry";

/** What was recorded, and what is in it. Its recording has its name. */
export interface Story {
  /** "express-pg-orders-with-opentelemetry" */
  readonly name: string;
  /** `service.name` of whoever is judged in it. */
  readonly services: readonly string[];
  /** Ids of the detectors that must find it; none: the requests are well, and whoever finds something is wrong. */
  readonly finds: readonly string[];
  /** Ids of the detectors that are right either way: the fault's consequence, which is not what the story is about. */
  readonly mayFind: readonly string[];
  /** Ids of the detectors whose fault is there, and which spans of this SDK can't show: not demanded, and said. */
  readonly unseen: readonly string[];
  /**
   * Ids of the detectors whose fault it looks like, and which must keep quiet: it is such a fault with its fix applied, or
   * has the shape that the detector looks for, and a reason for it. Only where spans of this SDK could show the fault.
   */
  readonly resembles: readonly string[];
  /** From a program that nobody looked at while thresholds were chosen; its results are reported apart. */
  readonly isHeldOut: boolean;
}

/** One kind of request to one program, and how it is asked. */
export interface ProgramStory extends Story {
  /** File name in `test/fixtures/programs`, without its extension. */
  readonly program: string;
  /** "/orders" */
  readonly path: string;
  /** Path of the same with a fault, which is fixed here; undefined: no such is recorded. */
  readonly fixes: string | undefined;
  readonly sdk: Sdk;
  readonly request: StoryRequest;
}

export interface StoryRequest {
  readonly method: "GET" | "POST";
  /** Path of the nth request. */
  path(n: number): string;
  readonly count: number;
  /** How many of them are under way together. */
  readonly atOnce: number;
}

/** A program and its stories, in the words of whoever wrote the program. */
export interface Program {
  readonly name: string;
  readonly isHeldOut: boolean;
  readonly endpoints: readonly Endpoint[];
}

interface Endpoint extends Labels {
  readonly method: "GET" | "POST";
  path(n: number): string;
  readonly count?: number;
  readonly atOnce?: number;
  /** "/orders": the endpoint that does the same with a fault. */
  readonly fixes?: string;
  /** What is so only under a plain SDK, whose spans have no parameters of queries, no rows, and no event loop. */
  readonly underOpenTelemetry?: Labels & Pick<Partial<Story>, "unseen">;
}

type Labels = Partial<Pick<Story, "finds" | "mayFind" | "resembles">>;

export const sdks: readonly Sdk[] = ["culprit", "opentelemetry"];

/** Each endpoint of a program is a story under each SDK. */
export function toStories(program: Program): ProgramStory[] {
  return program.endpoints.flatMap((endpoint) =>
    sdks.map((sdk) => toStory(program, endpoint, sdk)),
  );
}

function toStory(program: Program, endpoint: Endpoint, sdk: Sdk): ProgramStory {
  const { method, path, count = 8, atOnce = 1, fixes } = endpoint;
  const name = `${program.name}${pathOf(endpoint).replaceAll("/", "-")}-with-${sdk}`;
  const labels = labelsUnder(endpoint, sdk);
  const fault = program.endpoints.find((other) => pathOf(other) === fixes);
  if (fixes !== undefined && !fault) throw new Error(`${name} fixes ${fixes}, which is not there`);
  const faults = fault ? labelsUnder(fault, sdk).finds : [];
  const { finds, mayFind, unseen } = labels;
  const resembles = new Set([...labels.resembles, ...faults]);
  for (const id of [...finds, ...mayFind, ...unseen]) resembles.delete(id);
  return {
    name,
    services: [name],
    program: program.name,
    path: pathOf(endpoint),
    fixes,
    sdk,
    ...labels,
    resembles: [...resembles],
    request: { method, path, count, atOnce },
    isHeldOut: program.isHeldOut,
  };
}

/** "/orders", of "/orders?before=7". */
function pathOf({ path }: Endpoint): string {
  return path(0).split("?")[0]!;
}

function labelsUnder(endpoint: Endpoint, sdk: Sdk) {
  const { finds = [], mayFind = [], resembles = [], underOpenTelemetry = {} } = endpoint;
  const ofAll = { finds, mayFind, resembles, unseen: [] };
  return sdk === "opentelemetry" ? { ...ofAll, ...underOpenTelemetry } : ofAll;
}

/** The same query over and over: which it is when nobody tells its parameters, each time the same or a row each? */
export const duplicateQuery: Pick<Endpoint, "finds" | "underOpenTelemetry"> = {
  finds: ["duplicate-call"],
  underOpenTelemetry: { finds: ["n-plus-one"] },
};
/** The size of an answer and the number of rows are told by our agent alone. Megabytes of JSON hold the loop up. */
export const largeAnswer: Labels & Pick<Endpoint, "underOpenTelemetry"> = {
  finds: ["oversized-response"],
  mayFind: ["event-loop-block"],
  underOpenTelemetry: { finds: [], unseen: ["oversized-response"] },
};
/** Nobody watches the event loop but our agent. */
export const blockedLoop: Pick<Endpoint, "finds" | "underOpenTelemetry"> = {
  finds: ["event-loop-block"],
  underOpenTelemetry: { finds: [], unseen: ["event-loop-block"] },
};
/** Of a twin: nobody watches the event loop but our agent, so that quiet elsewhere says nothing. */
export const steadyLoop: Pick<Endpoint, "resembles" | "underOpenTelemetry"> = {
  resembles: ["event-loop-block"],
  underOpenTelemetry: { resembles: [] },
};
/** Server spans of Fastify and Nest have no route under OpenTelemetry's own instrumentations, so that they are no endpoint. */
export const slowWithoutRoute: Pick<Endpoint, "finds" | "underOpenTelemetry"> = {
  finds: ["slow-endpoint"],
  underOpenTelemetry: { finds: [], unseen: ["slow-endpoint"] },
};
