-- What detectors read of a span's attributes comes with its block: to look it up in the maps took a twelfth of an insert. Rows of before, and
-- blocks that an earlier version left in the journal, have it computed from the maps as they had.
ALTER TABLE spans {{on_cluster}}
  MODIFY COLUMN response_bytes DEFAULT greatest(attributes_int['http.response.body.size'], attributes_int['http.response.size'], attributes_int['http.response_content_length']),
  MODIFY COLUMN pool_wait_ns DEFAULT toUInt64(1e6 * greatest(0, attributes_double['culprit.pool.wait_ms'] + attributes_int['culprit.pool.wait_ms'])),
  MODIFY COLUMN transaction_id DEFAULT if(mapContains(attributes_int, 'culprit.transaction.id'), toString(attributes_int['culprit.transaction.id']), attributes['culprit.transaction.id']),
  MODIFY COLUMN block_cause DEFAULT if(mapContains(attributes_bool, 'culprit.event_loop.is_cause'), 1 + toUInt8(attributes_bool['culprit.event_loop.is_cause']), 0),
  MODIFY COLUMN repeat_duration_sum_ns DEFAULT attributes_int['culprit.repeat.duration_sum_ns'],
  MODIFY COLUMN repeat_duration_union_ns DEFAULT attributes_int['culprit.repeat.duration_union_ns'],
  MODIFY COLUMN repeat_distinct_params DEFAULT attributes_int['culprit.repeat.distinct_params'],
  MODIFY COLUMN response_content_type DEFAULT attributes_json['http.response.header.content-type'],
  MODIFY COLUMN response_whole DEFAULT toUInt8(attributes_bool['culprit.response.whole']),
  MODIFY COLUMN response_uncompressed DEFAULT toUInt8(attributes_bool['culprit.response.uncompressed']),
  MODIFY COLUMN pool_name DEFAULT attributes['db.client.connection.pool.name']
