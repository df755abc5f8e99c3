import { writeFileSync } from "node:fs";
import { join } from "node:path";

/**
 * How columns are compressed that leave it to ClickHouse (`CODEC(Default)`): an insert makes parts of size 0 by this rule, so that they get
 * LZ4, and all that merges make ZSTD.
 */
const config = `<clickhouse>
  <compression>
    <case>
      <min_part_size>1</min_part_size>
      <min_part_size_ratio>0</min_part_size_ratio>
      <method>zstd</method>
      <level>3</level>
    </case>
  </compression>
</clickhouse>
`;

/** In the store's folder. */
export const compressionConfigName = "compression.xml";

/** Writes the configuration for a ClickHouse in this process; returns the file. */
export function writeCompressionConfig(folder: string): string {
  const file = join(folder, compressionConfigName);
  writeFileSync(file, config);
  return file;
}
