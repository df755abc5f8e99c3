-- Fills `edges_1m` from client (3) and producer (4) spans. Most SDKs set no peer.service, so the destination falls
-- back to what the call names: database, queue, host.
CREATE MATERIALIZED VIEW IF NOT EXISTS edges_1m_view {{on_cluster}} TO edges_1m AS
SELECT
  toStartOfMinute(ts) AS minute,
  service AS source,
  multiIf(peer != '', peer, db_system_name != '', db_system_name,
    messaging_destination_name != '', messaging_destination_name, server_address) AS destination,
  environment,
  kind,
  count() AS c,
  sum(weight) AS w,
  sum(repeats * weight) AS n,
  countIf(status_code = 2) AS e,
  sum(duration) AS s
FROM spans
WHERE kind IN (3, 4) AND destination != ''
GROUP BY minute, source, destination, environment, kind
