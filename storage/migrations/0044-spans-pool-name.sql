-- Whose connection a call had, as our agent and the semantic conventions call the pool: two pools of one process to one database are two
-- findings of pool-wait, and have other holders. Serves trace-spans.
ALTER TABLE spans {{on_cluster}}
  ADD COLUMN IF NOT EXISTS pool_name LowCardinality(String) MATERIALIZED attributes['db.client.connection.pool.name'] CODEC(ZSTD(1))
