import type { AttributeWriter } from "./attribute-writer.ts";
import { Column } from "./column.ts";
import type { KeyDictionary } from "./key-dictionary.ts";
import { overflowName } from "./known-names.ts";
import { MapColumn } from "./native-block.ts";
import { slot } from "./promoted-attributes.ts";
import { type ResourceMessage, type ScopeMessage, unknownServiceName } from "./resource-message.ts";

const unknownService = new TextEncoder().encode(unknownServiceName);
const overflowService = new TextEncoder().encode(overflowName);

/** Where a row comes from, and when it arrived; every table has these columns. */
export interface ResourceColumns {
  readonly received: Column;
  readonly service: Column;
  readonly environment: Column;
  readonly service_version: Column;
  readonly resource_id: Column;
  readonly resource_attributes: MapColumn;
  readonly resource_attributes_json: MapColumn;
  readonly scope_name: Column;
  readonly scope_version: Column;
  readonly scope_attributes: MapColumn;
}

export function createResourceColumns(keys: KeyDictionary): ResourceColumns {
  return {
    received: new Column(),
    service: new Column(),
    environment: new Column(),
    service_version: new Column(),
    resource_id: new Column(),
    resource_attributes: new MapColumn(keys),
    resource_attributes_json: new MapColumn(keys),
    scope_name: new Column(),
    scope_version: new Column(),
    scope_attributes: new MapColumn(keys),
  };
}

/** Writes the columns of a row that its resource and its scope fill. */
export class ResourceWriter {
  readonly #columns: ResourceColumns;
  readonly #attributes: AttributeWriter;
  #receivedLo = 0;
  #receivedHi = 0;

  constructor(columns: ResourceColumns, attributes: AttributeWriter) {
    this.#columns = columns;
    this.#attributes = attributes;
  }

  startRequest(receivedMs: number): void {
    this.#receivedHi = Math.floor(receivedMs / 2 ** 32);
    this.#receivedLo = receivedMs % 2 ** 32;
  }

  write(resource: ResourceMessage, scope: ScopeMessage): void {
    this.#columns.received.addUint64(this.#receivedLo, this.#receivedHi);
    this.#writeResource(resource);
    this.#writeScope(scope);
  }

  /** The first row of a resource carries its attributes; a view copies them into `resources`. */
  #writeResource(resource: ResourceMessage): void {
    const columns = this.#columns;
    const { known } = resource;
    if (!resource.isServiceKnown) columns.service.addEncoded(overflowService);
    else if (known.has(slot.serviceName))
      this.#addKnown(columns.service, resource, slot.serviceName);
    else columns.service.addEncoded(unknownService);
    const environment = known.pick(slot.deploymentEnvironmentName, slot.deploymentEnvironment);
    this.#addKnown(columns.environment, resource, environment);
    this.#addKnown(columns.service_version, resource, slot.serviceVersion);
    columns.resource_id.addUint64(resource.idLo, resource.idHi);
    if (resource.isStored) {
      columns.resource_attributes.endRow();
      columns.resource_attributes_json.endRow();
      return;
    }
    this.#attributes.writeRow(
      resource.attributes,
      columns.resource_attributes,
      columns.resource_attributes_json,
    );
    resource.markStored();
  }

  #writeScope(scope: ScopeMessage): void {
    const columns = this.#columns;
    this.#attributes.addUtf8(columns.scope_name, scope.nameStart, scope.nameEnd);
    this.#attributes.addUtf8(columns.scope_version, scope.versionStart, scope.versionEnd);
    const map = columns.scope_attributes;
    if (scope.attributes.total === 0) map.endRow();
    else this.#attributes.writeRow(scope.attributes, map, map);
  }

  #addKnown(column: Column, { known }: ResourceMessage, index: number): void {
    if (!known.has(index)) column.addVarint(0);
    else this.#attributes.addUtf8(column, known.start[index]!, known.end[index]!);
  }
}
