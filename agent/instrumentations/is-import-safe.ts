/** The first version of a line in which CommonJS packages can be imported while a synchronous `load` hook is there. */
const firstMinors: Readonly<Record<number, readonly [number, number]>> = {
  22: [23, 3],
  24: [14, 0],
};
const firstSafeMajor = 26;

/** Whether a `load` hook may be installed: older versions of Node fail to load many packages beside one. */
export function isImportSafe(nodeVersion: string): boolean {
  const [major = 0, minor = 0, patch = 0] = nodeVersion.split(".").map(Number);
  const first = firstMinors[major];
  if (first === undefined) return major >= firstSafeMajor;
  const [firstMinor, firstPatch] = first;
  return minor > firstMinor || (minor === firstMinor && patch >= firstPatch);
}
