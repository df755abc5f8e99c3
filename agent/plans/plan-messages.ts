/** As pg takes it. Only what can be handed to another thread. */
export interface PlanConnection {
  readonly host: string;
  readonly port: number;
  readonly user: string | undefined;
  readonly database: string | undefined;
  readonly password: string | undefined;
  readonly ssl: unknown;
  /** Of the session, such as `-c search_path=shop`. */
  readonly options: string | undefined;
}

/** A call that was slow. */
export interface SlowCall {
  /** 32 and 16 hex digits. */
  readonly traceId: string;
  readonly spanId: string;
  readonly durationMs: number;
  /** Without literals. */
  readonly text: string;
  readonly summary: string;
}

/** What the application's thread asks for: the plan of a statement. */
export interface PlanRequest {
  readonly kind: "plan";
  /** The file of the application's own pg. */
  readonly library: string;
  readonly connection: PlanConnection;
  /** As the application wrote it: for the database that has it already, and nobody else. */
  readonly sql: string;
  readonly parameters: number;
  readonly call: SlowCall;
}
