import type { Attributes, Exception } from "@opentelemetry/api";
import {
  ATTR_EXCEPTION_MESSAGE,
  ATTR_EXCEPTION_STACKTRACE,
  ATTR_EXCEPTION_TYPE,
} from "@opentelemetry/semantic-conventions";

const stackCharactersMax = 4_096;
const messageCharactersMax = 1_024;

/** As OpenTelemetry names the parts of an exception. What the application throws may be anything. */
export function toException(exception: Exception): Attributes {
  if (typeof exception === "string") {
    return { [ATTR_EXCEPTION_MESSAGE]: exception.slice(0, messageCharactersMax) };
  }
  const { code, name, message, stack } = (exception ?? {}) as {
    code?: unknown;
    name?: unknown;
    message?: unknown;
    stack?: unknown;
  };
  const attributes: Attributes = {};
  if (code !== undefined || name !== undefined) {
    attributes[ATTR_EXCEPTION_TYPE] = String(code ?? name);
  }
  if (typeof message === "string") {
    attributes[ATTR_EXCEPTION_MESSAGE] = message.slice(0, messageCharactersMax);
  }
  if (typeof stack === "string") {
    attributes[ATTR_EXCEPTION_STACKTRACE] = stack.slice(0, stackCharactersMax);
  }
  return attributes;
}

/**
 * An exception that an instrumentation of ours has seen: messages of errors quote what users sent, so literals and
 * numbers in it are left out; the frames of the stack stay.
 */
export function toRedactedException(error: unknown): Attributes {
  const { name, message, stack } = (typeof error === "object" && error !== null ? error : {}) as {
    name?: unknown;
    message?: unknown;
    stack?: unknown;
  };
  const type = typeof name === "string" ? name : typeof error;
  const text = typeof message === "string" ? message : "";
  const said = redact(text);
  const frames = typeof stack === "string" ? framesBehind(text, stack) : "";
  return {
    [ATTR_EXCEPTION_TYPE]: type,
    [ATTR_EXCEPTION_MESSAGE]: said,
    [ATTR_EXCEPTION_STACKTRACE]: `${type}: ${said}${frames}`.slice(0, stackCharactersMax),
  };
}

/** Behind the message, which may hold what looks like a frame; "" when there are none. */
function framesBehind(message: string, stack: string): string {
  const end = stack.indexOf(message) + message.length;
  const frames = stack.indexOf("\n    at ", Math.max(end, 0));
  return frames === -1 ? "" : stack.slice(frames);
}

function redact(message: string): string {
  return message
    .slice(0, messageCharactersMax)
    .replace(/"[^"]*"|'[^']*'|`[^`]*`|\S*[\d@]\S*/g, "?");
}
