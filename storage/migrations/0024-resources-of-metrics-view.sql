-- Fills `resources` from the first data point of each request that carries one. Serves span-detail.
CREATE MATERIALIZED VIEW IF NOT EXISTS resources_of_metrics_view {{on_cluster}} TO resources AS
SELECT
  resource_id,
  any(metric_points.service) AS service,
  any(resource_attributes) AS attributes,
  any(resource_attributes_json) AS attributes_json,
  toDateTime(max(received), 'UTC') AS seen
FROM metric_points
WHERE notEmpty(resource_attributes) OR notEmpty(resource_attributes_json)
GROUP BY resource_id
