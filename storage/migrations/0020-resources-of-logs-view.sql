-- Fills `resources` from the first log record of each request that carries one. Serves span-detail.
CREATE MATERIALIZED VIEW IF NOT EXISTS resources_of_logs_view {{on_cluster}} TO resources AS
SELECT
  resource_id,
  any(logs.service) AS service,
  any(resource_attributes) AS attributes,
  any(resource_attributes_json) AS attributes_json,
  toDateTime(max(received), 'UTC') AS seen
FROM logs
WHERE notEmpty(resource_attributes) OR notEmpty(resource_attributes_json)
GROUP BY resource_id
