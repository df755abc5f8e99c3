import type { MessagePort } from "node:worker_threads";
import type { Channel } from "./remote.ts";

/** A channel over one end of a `MessageChannel`, for a store that another thread of this process uses. */
export function toPortChannel(port: MessagePort): Channel {
  return {
    send: (message) => port.postMessage(message),
    onMessage: (listener) => void port.on("message", listener),
    onClose: (listener) => void port.on("close", listener),
  };
}
