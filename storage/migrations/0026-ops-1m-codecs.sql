-- A fifth fewer bytes a row: small numbers in wide columns.
ALTER TABLE ops_1m {{on_cluster}}
  MODIFY COLUMN bucket CODEC(T64, ZSTD(1)),
  MODIFY COLUMN c CODEC(T64, ZSTD(1)),
  MODIFY COLUMN s CODEC(T64, ZSTD(1))
