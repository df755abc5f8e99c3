-- What oversized-response reads of a large answer, as the agent tells it. The text is the header's list in OTLP JSON: of nearly all spans
-- it is empty, and so is the map that it comes from. Serves trace-spans.
ALTER TABLE spans {{on_cluster}}
  ADD COLUMN IF NOT EXISTS response_content_type LowCardinality(String) MATERIALIZED attributes_json['http.response.header.content-type'] CODEC(ZSTD(1)),
  ADD COLUMN IF NOT EXISTS response_whole        UInt8 MATERIALIZED toUInt8(attributes_bool['culprit.response.whole']) CODEC(ZSTD(1)),
  ADD COLUMN IF NOT EXISTS response_uncompressed UInt8 MATERIALIZED toUInt8(attributes_bool['culprit.response.uncompressed']) CODEC(ZSTD(1))
