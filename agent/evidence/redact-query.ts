const queryCharactersMax = 1_024;
const parametersMax = 32;

/** The names of a URL's parameters: `?page=3&token=x` becomes `page=REDACTED&token=REDACTED`. "" for none. */
export function redactQuery(query: string): string {
  if (query === "") return "";
  const redacted: string[] = [];
  for (const parameter of query.slice(0, queryCharactersMax).split("&", parametersMax)) {
    const at = parameter.indexOf("=");
    // Without a name it is a value.
    redacted.push(at > 0 ? `${parameter.slice(0, at)}=REDACTED` : "REDACTED");
  }
  return redacted.join("&");
}
