/** What is made by `new`, as far as an instrumentation looks at it. */
export interface Constructor {
  readonly prototype: object;
}
