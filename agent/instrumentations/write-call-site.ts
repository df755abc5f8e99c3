import type { CallSite } from "../evidence/call-site.ts";
import type { AttributeWriter } from "../tracing/attribute-writer.ts";
import { keys } from "./attribute-keys.ts";

export function writeCallSite(
  writer: AttributeWriter,
  { filePath, lineNumber, functionName, frames }: CallSite,
): void {
  writer.beginCallSite();
  writer.known(keys.codeFilePath, filePath);
  writer.integer(keys.codeLineNumber, lineNumber);
  if (functionName !== undefined) writer.known(keys.codeFunctionName, functionName);
  writer.endCallSite(frames);
}
