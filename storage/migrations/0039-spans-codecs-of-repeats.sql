-- Fewer bytes a span, 0.4 of 48: within a trace few requests arrived, whose times repeat, and lengths of answers are mostly zero.
ALTER TABLE spans {{on_cluster}}
  MODIFY COLUMN received CODEC(ZSTD(1)),
  MODIFY COLUMN response_bytes CODEC(ZSTD(1))
