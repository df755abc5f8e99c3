/**
 * Attributes that the conventions renamed and that have no column of their own: older name to current one. What
 * depends on the kind of span is not here and stays as it comes. A test compares this list with the deprecations in
 * `@opentelemetry/semantic-conventions`.
 */
const renamed: Readonly<Record<string, string>> = {
  "az.namespace": "azure.resource_provider.namespace",
  "az.service_request_id": "azure.service.request.id",
  "code.column": "code.column.number",
  "container.runtime": "container.runtime.name",
  "db.cassandra.consistency_level": "cassandra.consistency.level",
  "db.cassandra.coordinator.dc": "cassandra.coordinator.dc",
  "db.cassandra.coordinator.id": "cassandra.coordinator.id",
  "db.cassandra.idempotence": "cassandra.query.idempotent",
  "db.cassandra.page_size": "cassandra.page.size",
  "db.cassandra.speculative_execution_count": "cassandra.speculative_execution.count",
  "db.cassandra.table": "db.collection.name",
  "db.client.connections.pool.name": "db.client.connection.pool.name",
  "db.client.connections.state": "db.client.connection.state",
  "db.cosmosdb.client_id": "azure.client.id",
  "db.cosmosdb.connection_mode": "azure.cosmosdb.connection.mode",
  "db.cosmosdb.consistency_level": "azure.cosmosdb.consistency.level",
  "db.cosmosdb.container": "db.collection.name",
  "db.cosmosdb.regions_contacted": "azure.cosmosdb.operation.contacted_regions",
  "db.cosmosdb.request_charge": "azure.cosmosdb.operation.request_charge",
  "db.cosmosdb.request_content_length": "azure.cosmosdb.request.body.size",
  "db.cosmosdb.sub_status_code": "azure.cosmosdb.response.sub_status_code",
  "db.elasticsearch.cluster.name": "db.namespace",
  "db.elasticsearch.node.name": "elasticsearch.node.name",
  "db.operation": "db.operation.name",
  "feature_flag.evaluation.error.message": "feature_flag.error.message",
  "feature_flag.evaluation.reason": "feature_flag.result.reason",
  "feature_flag.variant": "feature_flag.result.variant",
  "http.client_ip": "client.address",
  "http.request_content_length_uncompressed": "http.request.body.size",
  "http.response_content_length_uncompressed": "http.response.body.size",
  "http.scheme": "url.scheme",
  "http.url": "url.full",
  "http.user_agent": "user_agent.original",
  "messaging.eventhubs.consumer.group": "messaging.consumer.group.name",
  "messaging.eventhubs.message.enqueued_time": "azure.eventhubs.message.enqueued_time",
  "messaging.gcp_pubsub.message.ack_deadline": "gcp.pubsub.message.ack_deadline",
  "messaging.gcp_pubsub.message.ack_id": "gcp.pubsub.message.ack_id",
  "messaging.gcp_pubsub.message.delivery_attempt": "gcp.pubsub.message.delivery_attempt",
  "messaging.gcp_pubsub.message.ordering_key": "gcp.pubsub.message.ordering_key",
  "messaging.kafka.cluster.id": "kafka.cluster.id",
  "messaging.kafka.consumer.group": "messaging.consumer.group.name",
  "messaging.kafka.message.key": "kafka.message.key",
  "messaging.kafka.message.offset": "kafka.offset",
  "messaging.kafka.message.tombstone": "kafka.message.tombstone",
  "messaging.kafka.offset": "kafka.offset",
  "messaging.rabbitmq.destination.routing_key": "rabbitmq.destination.routing_key",
  "messaging.rabbitmq.message.delivery_tag": "rabbitmq.message.delivery_tag",
  "messaging.rocketmq.consumption_model": "rocketmq.consumption_model",
  "messaging.rocketmq.message.delay_time_level": "rocketmq.message.delay_time_level",
  "messaging.rocketmq.message.delivery_timestamp": "rocketmq.message.delivery_timestamp",
  "messaging.rocketmq.message.group": "rocketmq.message.group",
  "messaging.rocketmq.message.keys": "rocketmq.message.keys",
  "messaging.rocketmq.message.tag": "rocketmq.message.tag",
  "messaging.rocketmq.message.type": "rocketmq.message.type",
  "messaging.rocketmq.namespace": "rocketmq.namespace",
  "messaging.servicebus.destination.subscription_name": "messaging.destination.subscription.name",
  "messaging.servicebus.disposition_status": "azure.servicebus.disposition_status",
  "messaging.servicebus.message.delivery_count": "azure.servicebus.message.delivery_count",
  "messaging.servicebus.message.enqueued_time": "azure.servicebus.message.enqueued_time",
  "net.host.ip": "network.local.address",
  "net.host.port": "server.port",
  "net.peer.ip": "network.peer.address",
  "net.protocol.name": "network.protocol.name",
  "net.protocol.version": "network.protocol.version",
  "net.sock.host.addr": "network.local.address",
  "net.sock.host.port": "network.local.port",
  "net.sock.peer.addr": "network.peer.address",
  "net.sock.peer.port": "network.peer.port",
  "rpc.connect_rpc.error_code": "rpc.status_code",
  "rpc.jsonrpc.request_id": "jsonrpc.request.id",
  "rpc.jsonrpc.version": "jsonrpc.protocol.version",
  "rpc.response.status_code": "rpc.status_code",
};

/** Of conventions that the package does not remember, 1.26 and before, or that it has other words for than "renamed". */
const renamedEarlier: Readonly<Record<string, string>> = {
  // One of the two names that took its place; the other, `network.protocol.name`, is http where it is not said.
  "http.flavor": "network.protocol.version",
  "http.resend_count": "http.request.resend_count",
  "http.retry_count": "http.request.resend_count",
  "messaging.client_id": "messaging.client.id",
  "messaging.conversation_id": "messaging.message.conversation_id",
  "messaging.kafka.client_id": "messaging.client.id",
  "messaging.kafka.consumer_group": "messaging.consumer.group.name",
  "messaging.kafka.destination.partition": "messaging.destination.partition.id",
  "messaging.kafka.message_key": "kafka.message.key",
  "messaging.kafka.partition": "messaging.destination.partition.id",
  "messaging.kafka.tombstone": "kafka.message.tombstone",
  "messaging.message.payload_size_bytes": "messaging.message.body.size",
  "messaging.message_id": "messaging.message.id",
  "messaging.message_payload_size_bytes": "messaging.message.body.size",
  "messaging.protocol": "network.protocol.name",
  "messaging.protocol_version": "network.protocol.version",
  "messaging.rabbitmq.routing_key": "rabbitmq.destination.routing_key",
  "messaging.rocketmq.client_id": "messaging.client.id",
  "messaging.rocketmq.message_keys": "rocketmq.message.keys",
  "messaging.rocketmq.message_tag": "rocketmq.message.tag",
  "messaging.rocketmq.message_type": "rocketmq.message.type",
  "messaging.temp_destination": "messaging.destination.temporary",
  "net.app.protocol.name": "network.protocol.name",
  "net.app.protocol.version": "network.protocol.version",
  "rpc.grpc.status_code": "rpc.status_code",
};

/** By older name. */
export const renamedAttributes: ReadonlyMap<string, string> = new Map([
  ...Object.entries(renamed),
  ...Object.entries(renamedEarlier),
]);

/** By number, as gRPC names them; `rpc.grpc.status_code` was the number. */
const grpcCodes =
  "OK CANCELLED UNKNOWN INVALID_ARGUMENT DEADLINE_EXCEEDED NOT_FOUND ALREADY_EXISTS PERMISSION_DENIED RESOURCE_EXHAUSTED FAILED_PRECONDITION ABORTED OUT_OF_RANGE UNIMPLEMENTED INTERNAL UNAVAILABLE DATA_LOSS UNAUTHENTICATED".split(
    " ",
  );

/** By current name, the text of what an older name had as an integer. */
export const textsOfIntegers: ReadonlyMap<string, (value: bigint) => string> = new Map<
  string,
  (value: bigint) => string
>([
  ["messaging.destination.partition.id", String],
  ["rpc.status_code", (value) => grpcCodes[Number(value)] ?? String(value)],
]);
