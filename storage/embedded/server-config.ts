import { writeFileSync } from "node:fs";
import { join } from "node:path";

/**
 * What of ClickHouse's configuration is no argument.
 *
 * `compression`: of columns that leave it to ClickHouse (`CODEC(Default)`). An insert makes parts of size 0 by this rule, so that they
 * get LZ4, and all that merges make ZSTD.
 *
 * `merge_tree`: chDB deletes merged parts without waiting for the disk to have what they became (`old_parts_lifetime` is 0 there, eight
 * minutes on a server), so a merge ends with fsync: what was acknowledged survives a power cut, too. And it deletes them every 15 s
 * at the latest, where it took up to five minutes: each holds some 60 KB of memory, and an insert with its merges leaves ten.
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
  <merge_tree>
    <min_rows_to_fsync_after_merge>1</min_rows_to_fsync_after_merge>
    <cleanup_delay_period>5</cleanup_delay_period>
    <max_cleanup_delay_period>15</max_cleanup_delay_period>
    <cleanup_delay_period_random_add>1</cleanup_delay_period_random_add>
  </merge_tree>
</clickhouse>
`;

/** In the store's folder. */
export const serverConfigName = "server.xml";

/** Writes the configuration for a ClickHouse in this process; returns the file. */
export function writeServerConfig(folder: string): string {
  const file = join(folder, serverConfigName);
  writeFileSync(file, config);
  return file;
}
