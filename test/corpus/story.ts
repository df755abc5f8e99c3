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
  /** From a program that nobody looked at while thresholds were chosen; its results are reported apart. */
  readonly isHeldOut: boolean;
}

/** One kind of request to one program, and how it is asked. */
export interface ProgramStory extends Story {
  /** File name in `test/fixtures/programs`, without its extension. */
  readonly program: string;
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
  /** What is so only under a plain SDK, whose spans have no parameters of queries, no rows, and no event loop. */
  readonly underOpenTelemetry?: Labels & Pick<Partial<Story>, "unseen">;
}

type Labels = Partial<Pick<Story, "finds" | "mayFind">>;

const sdks: readonly Sdk[] = ["culprit", "opentelemetry"];

/** Each endpoint of a program is a story under each SDK. */
export function toStories({ name: program, isHeldOut, endpoints }: Program): ProgramStory[] {
  return endpoints.flatMap(({ method, path, count = 8, atOnce = 1, ...labels }) =>
    sdks.map((sdk) => {
      const { underOpenTelemetry, ...ofAll } = labels;
      const name = `${program}${path(0).split("?")[0]!.replaceAll("/", "-")}-with-${sdk}`;
      return {
        name,
        services: [name],
        program,
        sdk,
        ...{ finds: [], mayFind: [], unseen: [] },
        ...ofAll,
        ...(sdk === "opentelemetry" ? underOpenTelemetry : {}),
        request: { method, path, count, atOnce },
        isHeldOut,
      };
    }),
  );
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
