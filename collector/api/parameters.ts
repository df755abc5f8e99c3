import type { Request } from "express";
import { ApiError } from "./api-error.ts";

/** Reads a hex id of the path, lower-cased. */
export function readHexId(request: Request, name: string, digits: number): string {
  const id = String(request.params[name]).toLowerCase();
  if (id.length === digits && /^[0-9a-f]*$/.test(id)) return id;
  throw new ApiError("BAD_PARAMETER", `${name} must be ${digits} hex digits`);
}

const textLengthMax = 1_000;

/** Reads a text parameter of the query string; "" when it is missing and may be. */
export function readText(request: Request, name: string, { required = true } = {}): string {
  const value = request.query[name];
  if (value === undefined && !required) return "";
  if (typeof value === "string" && value.length <= textLengthMax) return value;
  throw new ApiError(
    "BAD_PARAMETER",
    `${name} must be given once, with at most ${textLengthMax} characters`,
  );
}
