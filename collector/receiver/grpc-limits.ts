/** Limits of gRPC's connections and calls. Those of a message are `HttpLimits`'. */
export interface GrpcLimits {
  readonly connectionsMax: number;
  /**
   * Calls under way on a connection; a client holds back what is over it. Far above what exporters use: Node counts a
   * call longer than its client does, and refuses the next for good when it comes too early.
   */
  readonly connectionStreamsMax: number;
  /** Calls under way on all connections together. */
  readonly streamsMax: number;
  readonly headerBytesMax: number;
  /** From a call's headers to the end of its message. */
  readonly requestTimeoutMs: number;
  /** How often connections are looked at: pinged, or closed because of one of the limits below. */
  readonly checkIntervalMs: number;
  /** A connection without a call for so long is closed; the client opens another when it needs it. */
  readonly idleMsMax: number;
  /** A connection this old is closed when its calls are done, so that clients spread over new replicas. */
  readonly ageMsMax: number;
  /** Pings and settings that a client may send between two checks. */
  readonly controlFramesMax: number;
  /** Data that a connection may send ahead of our reading; of one call, a quarter of it. */
  readonly windowBytes: number;
}

export const defaultGrpcLimits: GrpcLimits = {
  connectionsMax: 1024,
  connectionStreamsMax: 1000,
  streamsMax: 10_000,
  headerBytesMax: 16 * 2 ** 10,
  requestTimeoutMs: 30_000,
  checkIntervalMs: 20_000,
  idleMsMax: 300_000,
  ageMsMax: 3_600_000,
  controlFramesMax: 200,
  windowBytes: 4 * 2 ** 20,
};
