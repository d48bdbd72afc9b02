/** R2 in memory: whole writes, a checksum before anything is stored, and one write per second for a key. */
import { createHash } from "node:crypto";
import type { BucketCollector, ListedObject } from "../../src/ports.ts";
import type { Process } from "./process.ts";

export type StoredBytes = {
  readonly bytes: Uint8Array;
  readonly sha256: string;
  readonly storedAt: number;
  readonly customMetadata: Record<string, string>;
};

type PutOptions = { readonly sha256?: string; readonly customMetadata?: Record<string, string> };

const hashes = new WeakMap<Uint8Array, string>();

/** Remembered for each array: nobody changes bytes once they are made. */
export function hashOf(bytes: Uint8Array): string {
  let hash = hashes.get(bytes);
  if (hash === undefined) hashes.set(bytes, (hash = createHash("sha256").update(bytes).digest("hex")));
  return hash;
}

export class BucketState {
  objects = new Map<string, StoredBytes>();
  /** Moves with every change. */
  changes = 0;
  readonly #lastWrites = new Map<string, number>();

  put(key: string, bytes: Uint8Array, { sha256, customMetadata = {} }: PutOptions, now: number): void {
    if (now - (this.#lastWrites.get(key) ?? Number.NEGATIVE_INFINITY) < 1000) {
      throw new Error("put: Reduce your concurrent request rate for the same object. (10058)");
    }
    const actual = hashOf(bytes);
    if (sha256 !== undefined && sha256 !== actual) throw new Error("put: The SHA-256 checksum you specified did not match.");
    this.#lastWrites.set(key, now);
    this.objects.set(key, { bytes, sha256: actual, storedAt: now, customMetadata });
    this.changes += 1;
  }

  delete(keys: readonly string[]): void {
    for (const key of keys) this.objects.delete(key);
    this.changes += 1;
  }

  /** A state to come back to; the clock goes back with it. */
  save(): () => void {
    const objects = new Map(this.objects);
    return () => {
      this.objects = new Map(objects);
      this.#lastWrites.clear();
      this.changes += 1;
    };
  }
}

/** The bucket as one process sees it: each call waits for the scheduler. */
export function bucketOf(state: BucketState, process: Process, now: () => number): BucketCollector {
  const remote = { remote: true };
  const find = (key: string) => state.objects.get(key) ?? null;
  return {
    head: (key) =>
      process.step(
        `R2 head ${short(key)}`,
        () => {
          const found = find(key);
          return found === null ? null : { size: found.bytes.length, customMetadata: found.customMetadata };
        },
        remote,
      ),
    get: async (key, options) => {
      const found = await process.step(`R2 get ${short(key)}`, () => find(key), remote);
      if (found === null) return null;
      const { bytes, customMetadata } = found;
      const { offset = 0, length = bytes.length } = options?.range ?? {};
      const part = offset === 0 && length === bytes.length ? bytes : bytes.subarray(offset, offset + length);
      return { size: bytes.length, customMetadata, arrayBuffer: async () => part as unknown as ArrayBuffer };
    },
    put: (key, body, options) => {
      const bytes = body instanceof Uint8Array ? body : new Uint8Array(body);
      return process.step(`R2 put ${short(key)}`, () => state.put(key, bytes, options ?? {}, now()), remote);
    },
    delete: (keys) => process.step(`R2 delete ${keys.map(short).join(" ")}`, () => state.delete(keys), remote),
    list: ({ startAfter = "" }) => process.step("R2 list", () => ({ objects: listAfter(state, startAfter), truncated: false }), remote),
  };
}

function listAfter(state: BucketState, startAfter: string): ListedObject[] {
  const listed = [...state.objects].map(([key, { bytes, storedAt }]) => ({ key, uploaded: new Date(storedAt), size: bytes.length }));
  return listed.filter(({ key }) => key > startAfter).toSorted((left, right) => (left.key < right.key ? -1 : 1));
}

/** Enough of a key to recognise it. */
function short(key: string): string {
  return key.length > 30 ? `${key.slice(0, 10)}..${key.slice(-8)}` : key;
}
