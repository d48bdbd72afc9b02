/** Ports whose answers a test decides. */
import type { BucketCollector } from "../../src/ports.ts";
import { createHash, createHmac, randomBytes as nodeRandomBytes } from "node:crypto";
import { zstdDecompressSync } from "node:zlib";

export const sha256 = (bytes: Uint8Array): Uint8Array => createHash("sha256").update(bytes).digest();
export const mac = (message: string): Uint8Array => createHmac("sha256", "a key for tests").update(message).digest();
export const unzstd = (frame: Uint8Array, bytesMax: number): Uint8Array =>
  new Uint8Array(zstdDecompressSync(frame, { maxOutputLength: bytesMax }));
export const keyedMac = (key: string, message: Uint8Array): Uint8Array => createHmac("sha256", key).update(message).digest();
/** For what is not meant to wait. */
export const noSleep = (): Promise<void> => Promise.reject(new Error("nothing to wait for"));
export const randomBytes = (count: number): Uint8Array => nodeRandomBytes(count);

/** Stands still until it is set. */
export function manualClock(start = 1_800_000_000_000): { now(): number; forward(ms: number): void } {
  let time = start;
  return {
    now: () => time,
    forward: (ms) => {
      time += ms;
    },
  };
}

export type MemoryBucket = BucketCollector & {
  readonly objects: Map<string, Uint8Array>;
  readonly puts: string[];
  /** When each object was put, ms since 1970. */
  readonly uploaded: Map<string, number>;
};

/** Objects in memory; like R2 it checks `sha256` before it stores. `refuse` makes a put fail. */
export function memoryBucket(refuse: (key: string) => boolean = () => false, clock = { now: () => 0 }): MemoryBucket {
  const objects = new Map<string, Uint8Array>();
  const metadata = new Map<string, Record<string, string>>();
  const puts: string[] = [];
  const uploaded = new Map<string, number>();
  const head = async (key: string) => {
    const found = objects.get(key);
    return found === undefined ? null : { size: found.length, customMetadata: metadata.get(key) ?? {} };
  };
  return {
    objects,
    puts,
    uploaded,
    delete: async (keys) => {
      if (keys.length > 1000) throw new RangeError("R2 deletes at most 1,000 keys at once");
      for (const key of keys) objects.delete(key);
    },
    list: async ({ startAfter = "", limit = 1000 }) => {
      const after = [...objects].filter(([key]) => key > startAfter).toSorted(([a], [b]) => (a < b ? -1 : 1));
      const page = after.slice(0, limit);
      return {
        objects: page.map(([key, bytes]) => ({ key, size: bytes.length, uploaded: new Date(uploaded.get(key) ?? 0) })),
        truncated: after.length > page.length,
      };
    },
    head,
    get: async (key, { range } = {}) => {
      const [found, told] = [objects.get(key), await head(key)];
      if (found === undefined || told === null) return null;
      const part = range === undefined ? found : found.subarray(range.offset, range.offset + range.length);
      return { ...told, arrayBuffer: async () => new Uint8Array(part).buffer };
    },
    put: async (key, body, options) => {
      puts.push(key);
      if (refuse(key)) throw new Error("put: Reduce your concurrent request rate for the same object. (10058)");
      const bytes = new Uint8Array(body);
      if (options?.sha256 !== undefined && Buffer.from(sha256(bytes)).toString("hex") !== options.sha256) {
        throw new Error("put: The SHA-256 checksum you specified did not match what we received.");
      }
      objects.set(key, bytes);
      uploaded.set(key, clock.now());
      metadata.set(key, options?.customMetadata ?? {});
    },
  };
}
