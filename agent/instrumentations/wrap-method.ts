export type Method = (this: unknown, ...args: unknown[]) => unknown;

/**
 * Puts a wrapper in the place of a method: with its name, its number of parameters and its property's attributes, so
 * that nobody who looks at the class sees a difference.
 */
export function wrapMethod<Owner>(
  owner: object,
  name: string,
  wrap: (original: Method) => (this: Owner, ...args: unknown[]) => unknown,
): void {
  const original = (owner as Record<string, unknown>)[name] as Method;
  if (typeof original !== "function") return;
  const wrapper = wrap(original);
  for (const property of ["name", "length"] as const) {
    Object.defineProperty(wrapper, property, { configurable: true, value: original[property] });
  }
  const { enumerable = true } = Object.getOwnPropertyDescriptor(owner, name) ?? {};
  Object.defineProperty(owner, name, {
    configurable: true,
    enumerable,
    writable: true,
    value: wrapper,
  });
}
