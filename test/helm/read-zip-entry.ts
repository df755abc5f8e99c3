import { inflateRawSync } from "node:zlib";

/** One file out of a zip archive (APPNOTE 4.3: directory at the end, no Zip64), unpacked. Throws when it is not there. */
export function readZipEntry(archive: Buffer, name: string): Buffer {
  const end = archive.lastIndexOf(Buffer.from("PK\x05\x06", "latin1"));
  if (end === -1) throw new Error("no zip archive");
  let at = archive.readUInt32LE(end + 16);
  for (let left = archive.readUInt16LE(end + 10); left > 0; left--) {
    const nameLength = archive.readUInt16LE(at + 28);
    if (archive.toString("utf8", at + 46, at + 46 + nameLength) === name) {
      return unpack(archive, at);
    }
    at += 46 + nameLength + archive.readUInt16LE(at + 30) + archive.readUInt16LE(at + 32);
  }
  throw new Error(`${name} is not in the zip archive`);
}

/** `entry`: where the entry stands in the directory, which has its sizes and says where the data are. */
function unpack(archive: Buffer, entry: number): Buffer {
  const packedLength = archive.readUInt32LE(entry + 20);
  const header = archive.readUInt32LE(entry + 42);
  const start = header + 30 + archive.readUInt16LE(header + 26) + archive.readUInt16LE(header + 28);
  const packed = archive.subarray(start, start + packedLength);
  const isDeflated = archive.readUInt16LE(entry + 10) === 8;
  return isDeflated ? inflateRawSync(packed) : packed;
}
