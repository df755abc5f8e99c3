/** Settings of ClickHouse for our own statements, the same in both homes. */
export type StatementSettings = Readonly<Record<string, string | number>>;

/**
 * One file becomes one block per partition, whatever blocks it holds: deduplication knows a block by the insert's
 * token and its place, so the places have to be the same when a file is replayed.
 */
export const insertSettings: StatementSettings = {
  async_insert: 0,
  insert_deduplicate: 1,
  deduplicate_blocks_in_dependent_materialized_views: 1,
  max_insert_threads: 1,
  input_format_parallel_parsing: 0,
  max_insert_block_size: 1_000_000_000,
  min_insert_block_size_rows: 1_000_000_000,
  min_insert_block_size_bytes: 0,
  input_format_native_allow_types_conversion: 1,
  input_format_skip_unknown_fields: 0,
};

/** What a view makes of a file has one row for each key already: to merge it before it is written would find nothing. */
export const blockInsertSettings: StatementSettings = { optimize_on_insert: 0 };

export interface QueryLimits {
  readonly durationMsMax: number;
  readonly rowsMax: number;
  readonly memoryBytesMax: number;
}

const resultBytesMax = 256 * 1024 * 1024;

export function toQuerySettings(limits: QueryLimits): StatementSettings {
  const spillBytes = Math.round(limits.memoryBytesMax / 2);
  return {
    max_execution_time: limits.durationMsMax / 1000,
    max_memory_usage: limits.memoryBytesMax,
    max_bytes_before_external_group_by: spillBytes,
    max_bytes_before_external_sort: spillBytes,
    max_result_rows: limits.rowsMax,
    max_result_bytes: resultBytesMax,
    // Results come as fewer, larger blocks: each has a dictionary of its own.
    preferred_block_size_bytes: 16_000_000,
    output_format_json_quote_64bit_integers: 1,
    output_format_json_array_of_rows: 1,
  };
}
