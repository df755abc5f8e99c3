/** A statement, and what was found out about it once for all of its calls. A look into an object costs a tenth of one into a map. */
export interface CalledStatement {
  /** What calls of it have in common. */
  readonly text: string;
  /** The route on which it was last seen for the first time in a request; "" is a route, too. */
  seenOn: string | undefined;
  /** What its parameters are hashed with. */
  paramsKey: Int32Array | undefined;
}
