-- How far a worker has come. The names are ours, so rows are bounded without a TTL. Serves watermark.
CREATE TABLE IF NOT EXISTS watermarks {{on_cluster}} (
  name  String,
  at    DateTime64(3, 'UTC'),
  value String
)
ENGINE = {{engine:ReplacingMergeTree(at)}}
ORDER BY name
