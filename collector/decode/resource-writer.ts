import type { AttributeWriter } from "./attribute-writer.ts";
import { Column, type StringColumn } from "./column.ts";
import type { DecodeRequest } from "./decode-request.ts";
import type { KeyDictionary } from "./key-dictionary.ts";
import { overflowName } from "./known-names.ts";
import { MapColumn } from "./native-block.ts";
import { slot } from "./promoted-attributes.ts";
import { type ResourceMessage, type ScopeMessage, unknownServiceName } from "./resource-message.ts";
import { TextColumn } from "./text-column.ts";

const unknownService = new TextEncoder().encode(unknownServiceName);
const overflowService = new TextEncoder().encode(overflowName);

/** Where a row comes from, and when it arrived; every table has these columns. */
export interface ResourceColumns {
  readonly received: Column;
  readonly service: TextColumn;
  readonly environment: TextColumn;
  readonly service_version: TextColumn;
  readonly resource_id: Column;
  readonly resource_attributes: MapColumn;
  readonly resource_attributes_json: MapColumn;
  readonly scope_name: TextColumn;
  readonly scope_version: TextColumn;
  readonly scope_attributes: MapColumn;
}

export function createResourceColumns(keys: KeyDictionary): ResourceColumns {
  return {
    received: new Column(),
    service: new TextColumn(),
    environment: new TextColumn(),
    service_version: new TextColumn(),
    resource_id: new Column(),
    resource_attributes: new MapColumn(keys),
    resource_attributes_json: new MapColumn(keys),
    scope_name: new TextColumn(),
    scope_version: new TextColumn(),
    scope_attributes: new MapColumn(keys),
  };
}

/**
 * Writes the columns of a row that its resource and its scope fill. Rows of one resource and scope follow each other: the
 * first is written, the others are counted and written as its copies.
 */
export class ResourceWriter {
  readonly #columns: ResourceColumns;
  readonly #attributes: AttributeWriter;
  readonly #request: DecodeRequest;
  /** Without maps: those of a copy are empty. */
  readonly #copied: readonly (Column | TextColumn)[];
  /** By column of `#copied`, where its row begins that is copied. */
  readonly #starts: Int32Array;
  /** Values of that row that were cut. */
  #truncated = 0;
  #copies = 0;
  #readings = -1;
  #receivedLo = 0;
  #receivedHi = 0;

  constructor(columns: ResourceColumns, attributes: AttributeWriter, request: DecodeRequest) {
    this.#columns = columns;
    this.#attributes = attributes;
    this.#request = request;
    this.#copied = [
      columns.received,
      columns.service,
      columns.environment,
      columns.service_version,
      columns.resource_id,
      columns.scope_name,
      columns.scope_version,
    ];
    this.#starts = new Int32Array(this.#copied.length);
  }

  startRequest(receivedMs: number): void {
    this.#receivedHi = Math.floor(receivedMs / 2 ** 32);
    this.#receivedLo = receivedMs % 2 ** 32;
    this.#copies = 0;
    this.#readings = -1;
  }

  write(resource: ResourceMessage, scope: ScopeMessage): void {
    const readings = resource.readings + scope.readings;
    if (readings === this.#readings && scope.attributes.total === 0) {
      this.#copies++;
      return;
    }
    this.#writeCopies();
    this.#readings = readings;
    for (let i = 0; i < this.#copied.length; i++) this.#starts[i] = this.#copied[i]!.length;
    const { losses } = this.#request;
    const before = losses.truncatedValues;
    this.#columns.received.addUint64(this.#receivedLo, this.#receivedHi);
    this.#writeResource(resource);
    this.#writeScope(scope);
    this.#truncated = losses.truncatedValues - before;
    this.#writeResourceAttributes(resource);
  }

  endRequest(): void {
    this.#writeCopies();
  }

  #writeCopies(): void {
    if (this.#copies === 0) return;
    const columns = this.#columns;
    for (let i = 0; i < this.#copied.length; i++) {
      this.#copied[i]!.repeat(this.#starts[i]!, this.#copies);
    }
    columns.resource_attributes.endRows(this.#copies);
    columns.resource_attributes_json.endRows(this.#copies);
    columns.scope_attributes.endRows(this.#copies);
    this.#request.losses.truncatedValues += this.#truncated * this.#copies;
    this.#copies = 0;
  }

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
  }

  /** The first row of a resource carries its attributes; a view copies them into `resources`. */
  #writeResourceAttributes(resource: ResourceMessage): void {
    const columns = this.#columns;
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

  #addKnown(column: StringColumn, { known }: ResourceMessage, index: number): void {
    if (!known.has(index)) column.addEmpty();
    else this.#attributes.addUtf8(column, known.start[index]!, known.end[index]!);
  }
}
