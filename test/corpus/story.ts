/** Who made the spans: our agent, or OpenTelemetry's own SDK with all of its instrumentations. */
export type Sdk = "culprit" | "opentelemetry";

/** One kind of request to one program, what it is, and how it is asked. Its recording has its name. */
export interface Story {
  /** "express-pg-orders-with-opentelemetry" */
  readonly name: string;
  /** File name in `test/fixtures/programs`, without its extension. */
  readonly program: string;
  readonly sdk: Sdk;
  /** Ids of the detectors that must find it; none: the requests are well, and whoever finds something is wrong. */
  readonly finds: readonly string[];
  /** Ids of the detectors that are right either way: the fault's consequence, which is not what the story is about. */
  readonly mayFind: readonly string[];
  readonly request: StoryRequest;
  /** From a program that nobody looked at while thresholds were chosen; its results are reported apart. */
  readonly isHeldOut: boolean;
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

interface Endpoint {
  readonly method: "GET" | "POST";
  path(n: number): string;
  readonly finds?: readonly string[];
  readonly mayFind?: readonly string[];
  readonly count?: number;
  readonly atOnce?: number;
}

const sdks: readonly Sdk[] = ["culprit", "opentelemetry"];

/** Each endpoint of a program is a story under each SDK. */
export function toStories({ name, isHeldOut, endpoints }: Program): Story[] {
  return endpoints.flatMap(({ method, path, finds = [], mayFind = [], count = 8, atOnce = 1 }) =>
    sdks.map((sdk) => ({
      name: `${name}${path(0).split("?")[0]!.replaceAll("/", "-")}-with-${sdk}`,
      program: name,
      sdk,
      finds,
      mayFind,
      request: { method, path, count, atOnce },
      isHeldOut,
    })),
  );
}
