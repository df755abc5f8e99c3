import { hash } from "node:crypto";
import { BoundedCache } from "./bounded-cache.ts";
import { queryTextBytesMax, shapeCacheLimits, sharedShapesLimits } from "./decode-limits.ts";
import { toDocumentShape } from "./document-shape.ts";
import { Hash64 } from "./hash64.ts";
import { toKeyValueShape } from "./key-value-shape.ts";
import { isKnownSqlSystem } from "./sql-dialect.ts";
import { type QueryShape, toSqlShape } from "./sql-shape.ts";

/** A query's shape, ready to be copied into columns. */
export interface EncodedShape {
  readonly text: Uint8Array;
  readonly summary: Uint8Array;
  readonly collection: Uint8Array;
  readonly isKnown: boolean;
  /** Hash of `text`. */
  readonly lo: number;
  readonly hi: number;
}

/** Texts above this are looked up by a digest, so that the cache isn't filled by a few. */
const keyBytesMax = 8 * 1024;

/** A character takes at most three bytes for each unit of its length: this is read of a text, and it is cut later. */
const readBytesMax = 3 * (queryTextBytesMax + 1);

const keyValueStores = new Set(["redis", "valkey", "memcached"]);
const documentStores = new Set([
  "mongodb",
  "couchdb",
  "couchbase",
  "azure.cosmosdb",
  "cosmosdb",
  "elasticsearch",
  "opensearch",
]);

/** Shapes of query texts by `db.system.name`, each worked out once while it stays in the cache. */
export class QueryShapes {
  readonly #caches = new Map<string, BoundedCache<EncodedShape>>();
  /** Thousands of texts with other literals have one shape; it takes more memory than they do. */
  readonly #shared = new BoundedCache<EncodedShape>(sharedShapesLimits);
  readonly #hash = new Hash64();
  readonly #encoder = new TextEncoder();

  /** The shape of the bytes [start, end) of `body`. */
  shapeOf(body: Buffer, start: number, end: number, system: string): EncodedShape {
    const cache = this.#caches.get(system) ?? this.#cacheOf(system);
    const known = end - start > keyBytesMax ? undefined : cache.get(body, start, end);
    return known ?? this.#workOut(cache, body.subarray(start, end), system);
  }

  #workOut(cache: BoundedCache<EncodedShape>, bytes: Buffer, system: string): EncodedShape {
    const key = bytes.length > keyBytesMax ? Buffer.from(hash("sha1", bytes)) : bytes;
    const known = cache.get(key, 0, key.length);
    if (known !== undefined) return known;
    const text = bytes.toString("utf8", 0, Math.min(bytes.length, readBytesMax));
    const shape = this.#encode(toQueryShape(text, system));
    cache.set(key, shape, key.length + shape.text.length + shape.summary.length);
    return shape;
  }

  /** One cache for all systems that we don't know, since their names come from outside. */
  #cacheOf(system: string): BoundedCache<EncodedShape> {
    const isKnown =
      keyValueStores.has(system) || documentStores.has(system) || isKnownSqlSystem(system);
    const name = isKnown ? system : "";
    let cache = this.#caches.get(name);
    if (cache === undefined) {
      cache = new BoundedCache(shapeCacheLimits);
      this.#caches.set(name, cache);
    }
    return cache;
  }

  #encode({ text, summary, collection, isKnown }: QueryShape): EncodedShape {
    const key = this.#encoder.encode(
      `${isKnown} ${collection.length} ${summary.length} ${collection}${summary}${text}`,
    );
    const known = this.#shared.get(key, 0, key.length);
    if (known !== undefined) return known;
    const bytes = this.#encoder.encode(text);
    this.#hash.start().addBytes(bytes, 0, bytes.length).finish();
    const shape = {
      text: bytes,
      summary: this.#encoder.encode(summary),
      collection: this.#encoder.encode(collection),
      isKnown,
      lo: this.#hash.lo,
      hi: this.#hash.hi,
    };
    this.#shared.set(key, shape, 2 * key.length);
    return shape;
  }
}

function toQueryShape(text: string, system: string): QueryShape {
  if (keyValueStores.has(system)) return toKeyValueShape(text);
  if (documentStores.has(system)) return toDocumentShape(text);
  return toSqlShape(text, system);
}
