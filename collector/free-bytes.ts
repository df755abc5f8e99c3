/**
 * Gives memory back at once, of bytes that have a buffer of their own; whoever still has a view of it sees nothing.
 *
 * To V8 a buffer is a few bytes that hold many: it collects all of its heap, for milliseconds, whenever so many bytes
 * hang on it, and requests bring megabytes a second. So whoever knows that nobody needs them any more says so.
 */
export function freeBytes(bytes: Uint8Array<ArrayBuffer>): void {
  bytes.buffer.transfer(0);
}
