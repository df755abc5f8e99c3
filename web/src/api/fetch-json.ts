import type { ErrorResponse } from "../../../collector/api/responses.ts";

const REQUEST_TIMEOUT_MS = 15_000;

/** `status` is 0 when no answer came. */
export class ApiError extends Error {
  readonly status: number;

  constructor(status: number, message: string, cause?: unknown) {
    super(message, { cause });
    this.status = status;
  }
}

/** GETs JSON; `path` is relative to the page's base, e.g. "api/v1/findings". Throws `ApiError`. */
export async function fetchJson<T>(path: string, signal: AbortSignal): Promise<T> {
  const response = await request(path, signal);
  if (!response.ok) throw new ApiError(response.status, await messageOf(response));
  try {
    return (await response.json()) as T;
  } catch (cause) {
    throw new ApiError(response.status, "the answer is not JSON", cause);
  }
}

async function request(path: string, signal: AbortSignal): Promise<Response> {
  try {
    return await fetch(path, {
      headers: { accept: "application/json" },
      signal: AbortSignal.any([signal, AbortSignal.timeout(REQUEST_TIMEOUT_MS)]),
    });
  } catch (cause) {
    throw new ApiError(0, "the collector does not answer", cause);
  }
}

async function messageOf(response: Response): Promise<string> {
  try {
    const { error } = (await response.json()) as ErrorResponse;
    return error.message;
  } catch {
    return `the collector answered ${response.status} ${response.statusText}`.trim();
  }
}
