/** A setting from the environment: `DATABASE_URL`, `CATALOG_URL` … Throws when it is missing. */
export function setting(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set`);
  return value;
}
