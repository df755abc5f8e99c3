import type { AttributeWriter } from "../tracing/attribute-writer.ts";
import { keys } from "./attribute-keys.ts";

const methods = new Set("GET HEAD POST PUT DELETE CONNECT OPTIONS TRACE PATCH QUERY".split(" "));

/** A method that nobody knows is `_OTHER`: clients may make up as many as they like. */
export function writeMethod(writer: AttributeWriter, method: string): void {
  const isKnown = methods.has(method);
  writer.known(keys.httpRequestMethod, isKnown ? method : "_OTHER");
  if (!isKnown) writer.text(keys.httpRequestMethodOriginal, method.slice(0, 32));
}
