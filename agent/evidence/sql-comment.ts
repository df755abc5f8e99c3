import { type ResourceSettings, toResourceAttributes } from "../export/resource-attributes.ts";

const routesMax = 1_000;

// Comments that tell the database's own log and statistics who asks, in the form of sqlcommenter:
//
//   SELECT … /*route='%2Forders%2F%3Aid',service='shop'*/
//
// Only what has few values, for a database keeps each text apart.

export class SqlComments {
  readonly #service: string;
  readonly #byRoute = new Map<string, string>();

  constructor(service: string) {
    this.#service = service;
  }

  /** The text with the comment at its end; as it is when it has a comment. */
  addTo(sql: string, route: string): string {
    return sql.includes("/*") || sql.includes("--") ? sql : sql + this.#commentOf(route);
  }

  #commentOf(route: string): string {
    const known = this.#byRoute.get(route);
    if (known !== undefined) return known;
    const pairs = { route, service: this.#service };
    const written = Object.entries(pairs).flatMap(([key, value]) =>
      value === "" ? [] : [`${key}='${encode(value)}'`],
    );
    const comment = written.length === 0 ? "" : ` /*${written.join(",")}*/`;
    if (this.#byRoute.size < routesMax) this.#byRoute.set(route, comment);
    return comment;
  }
}

/** With the service's name as the collector is told it. */
export function createSqlComments(resource: ResourceSettings): SqlComments {
  return new SqlComments(String(toResourceAttributes(resource)["service.name"]));
}

/** Neither a quote nor the end of the comment can come out of it. */
function encode(value: string): string {
  return encodeURIComponent(value.slice(0, 200).toWellFormed()).replace(
    /['*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
