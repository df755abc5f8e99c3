import type { ProtobufReader } from "./protobuf-reader.ts";

/** Where the messages of a repeated field lie in the body. Those beyond `max` are left out, but in `total`. */
export class Ranges {
  starts: Int32Array = new Int32Array(64);
  ends: Int32Array = new Int32Array(64);
  count = 0;
  total = 0;
  #max = 0;

  reset(max: number): void {
    this.count = 0;
    this.total = 0;
    this.#max = max;
  }

  add(start: number, end: number): void {
    this.total++;
    if (this.count === this.#max) return;
    if (this.count === this.starts.length) this.#grow();
    this.starts[this.count] = start;
    this.ends[this.count++] = end;
  }

  /** Adds the message whose length the reader stands at, and returns where it ends. */
  addMessage(reader: ProtobufReader, end: number): number {
    const stop = reader.readEnd(end);
    this.add(reader.at, stop);
    return stop;
  }

  /** Adds the message whose length the reader stands at, and those that follow it with the same tag, of one byte. */
  addMessages(reader: ProtobufReader, end: number, tag: number): void {
    const { bytes } = reader;
    reader.at = this.addMessage(reader, end);
    let at = reader.at;
    while (at < end - 1 && bytes[at] === tag) {
      const start = at + 2;
      const stop = start + bytes[at + 1]!;
      if (stop > end || stop - start > 127) break;
      this.add(start, stop);
      at = stop;
    }
    reader.at = at;
  }

  #grow(): void {
    const starts = new Int32Array(this.count * 2);
    const ends = new Int32Array(this.count * 2);
    starts.set(this.starts);
    ends.set(this.ends);
    this.starts = starts;
    this.ends = ends;
  }
}
