-- Fewer bytes a span, 2.0 of 47.7: texts repeat further back than ZSTD(1) looks, and the high bits of a duration are zeros.
-- Parts that are there keep their bytes until they are merged.
ALTER TABLE spans {{on_cluster}}
  MODIFY COLUMN duration CODEC(T64, ZSTD(1)),
  MODIFY COLUMN attributes CODEC(ZSTD(3)),
  MODIFY COLUMN attributes_int CODEC(ZSTD(3))
