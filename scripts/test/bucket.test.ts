import fc from "fast-check";
import { mkdtemp, readdir, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { startCaller, type Caller, type Whose } from "./bucket/caller.ts";
import type { Answer, Call } from "./bucket/calls.ts";
import { conformance } from "./bucket/conformance.ts";

let folder: string;
let theirs: Caller;
let ours: Caller;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "ashlar-bucket-"));
  theirs = await startCaller("Miniflare's", join(folder, "theirs"));
  ours = await startCaller("ours", join(folder, "ours"));
}, 60_000);
afterAll(async () => {
  await Promise.all([theirs, ours].map((caller) => caller[Symbol.asyncDispose]()));
  await rm(folder, { recursive: true, force: true });
});

/** Both begin empty, so that what one list leaves is not another's. */
async function answersOfBoth(calls: readonly Call[]): Promise<[ours: Answer[], theirs: Answer[]]> {
  await Promise.all([empty(ours), empty(theirs)]);
  return Promise.all([ours.call(calls), theirs.call(calls)]);
}

async function empty(caller: Caller): Promise<void> {
  const [list] = (await caller.call([{ method: "list" }])) as [{ objects: { key: string }[] }];
  await caller.call([{ method: "delete", keys: list.objects.map(({ key }) => key) }]);
}

const blobsOf = (storage: string): Promise<string[]> => readdir(join(folder, storage, "r2/blocks/blobs"));

describe("the local bucket answers as Miniflare's own", () => {
  it.each(Object.entries(conformance))("O29 %s", async (_, calls) => {
    const [mine, own] = await answersOfBoth(calls);
    expect(mine).toEqual(own);
  });

  it("O29 whatever the order of calls", async () => {
    const key = fc.constantFrom("a", "b/1", "b/2");
    const size = fc.oneof(fc.constant(0), fc.nat(10), fc.nat(100_000));
    const value = fc.record({ seed: fc.nat(255), size });
    const range = fc.oneof(
      fc.record({ offset: fc.nat(12), length: fc.nat(12) }),
      fc.record({ offset: fc.nat(100_000) }),
      fc.record({ length: fc.nat(100_000) }),
      fc.record({ suffix: fc.nat(12) }),
    );
    const customMetadata = fc.dictionary(fc.string({ maxLength: 5 }), fc.string({ unit: "binary", maxLength: 5 }), { maxKeys: 2 });
    const call: fc.Arbitrary<Call> = fc.oneof(
      fc.record({ method: fc.constant("put" as const), key, value, streamed: fc.boolean() }),
      fc.record({ method: fc.constant("put" as const), key, value, options: fc.record({ customMetadata }) }),
      fc.record({ method: fc.constant("get" as const), key }),
      fc.record({ method: fc.constant("get" as const), key, options: fc.record({ range }) }),
      fc.record({ method: fc.constant("head" as const), key }),
      fc.record({ method: fc.constant("delete" as const), keys: fc.oneof(key, fc.array(key)) }),
      fc.record({ method: fc.constant("list" as const), options: fc.record({ limit: fc.integer({ min: 1, max: 3 }), startAfter: key }) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(call, { maxLength: 30 }), async (calls) => {
        const [mine, own] = await answersOfBoth(calls);
        expect(mine).toEqual(own);
      }),
      { numRuns: 40 },
    );
  });
});

describe("the local bucket's files", () => {
  const everything: Call[] = [
    { method: "list", options: { include: ["httpMetadata", "customMetadata"] } },
    ...["b/1", "b/2", "b/3"].map((key): Call => ({ method: "get", key })),
  ];
  const writes: Call[] = [
    { method: "put", key: "b/1", value: { seed: 1, size: 100_000 }, options: { customMetadata: { form: "zstd" } } },
    { method: "put", key: "b/2", value: { seed: 2, size: 0 }, options: { httpMetadata: { contentType: "a/b" } } },
    { method: "put", key: "b/3", value: { seed: 3, size: 7 } },
    { method: "put", key: "b/3", value: { seed: 4, size: 8 } },
  ];

  it.each<[Whose, Whose]>([
    ["ours", "Miniflare's"],
    ["Miniflare's", "ours"],
  ])("O30 what %s wrote is read, replaced and deleted by %s", async (writer, reader) => {
    const state = join(folder, `by ${writer}`);
    const before = await withCaller(writer, state, (caller) => caller.call([...writes, ...everything]));
    const after = await withCaller(reader, state, async (caller) => {
      const answers = await caller.call(everything);
      await caller.call([
        { method: "put", key: "b/1", value: { seed: 5, size: 9 } },
        { method: "delete", keys: "b/2" },
      ]);
      await vi.waitFor(async () => expect(await blobsOf(`by ${writer}`)).toHaveLength(2), waiting);
      return answers;
    });
    expect(after).toEqual(before.slice(writes.length));
    await withCaller(writer, state, async (caller) => {
      const [replaced, deleted] = await caller.call([
        { method: "head", key: "b/1" },
        { method: "head", key: "b/2" },
      ]);
      expect([replaced, deleted]).toMatchObject([{ size: 9 }, null]);
    });
  });

  it("O30 its rows are those of Miniflare's own", async () => {
    for (const [whose, state] of [
      ["ours", "rows of ours"],
      ["Miniflare's", "rows of theirs"],
    ] as const)
      await withCaller(whose, join(folder, state), (caller) => caller.call(writes));
    expect(await rowsOf("rows of ours")).toEqual(await rowsOf("rows of theirs"));
  });

  it("O31 a put that is refused or fails leaves nothing, and the object as it was", async () => {
    const put: Call = { method: "put", key: "b/1", value: { seed: 6, size: 50_000 } };
    const state = join(folder, "failing");
    await withCaller("ours", state, async (caller) => {
      await caller.call([put]);
      const blobs = await blobsOf("failing");
      const refused = await caller.call([
        { ...put, options: { sha256: "00".repeat(32) } },
        { ...put, key: "x".repeat(1025) },
        { ...put, options: { customMetadata: { k: "x".repeat(8192) } } },
      ]);
      expect(refused).toEqual(refused.map(() => ({ error: expect.any(String) })));
      expect(await blobsOf("failing")).toEqual(blobs);

      // A disk that takes nothing.
      const place = join(state, "r2/blocks/blobs");
      await rename(place, `${place}-aside`);
      await writeFile(place, "");
      const [failed] = await caller.call([{ ...put, value: { seed: 7, size: 50_000 } }]);
      await rm(place);
      await rename(`${place}-aside`, place);
      expect(failed).toEqual({ error: expect.any(String) });
      const [object] = await caller.call([{ method: "get", key: "b/1" }]);
      expect(object).toMatchObject({ length: 50_000 });
      expect(await blobsOf("failing")).toEqual(blobs);
    });
  });

  it("O32 gets beside puts of the same key get one of the values whole, and one blob remains", async () => {
    await withCaller("ours", join(folder, "raced"), async (caller) => {
      const [faults] = await caller.call([{ method: "race", key: "b/1", puts: 60, gets: 200 }]);
      expect(faults).toEqual([]);
      await vi.waitFor(async () => expect(await blobsOf("raced")).toHaveLength(1), waiting);
    });
  });
});

/** Old blobs are deleted behind the answer. */
const waiting = { timeout: 30_000, interval: 20 };

async function withCaller<Result>(whose: Whose, storage: string, use: (caller: Caller) => Promise<Result>): Promise<Result> {
  await using caller = await startCaller(whose, storage);
  return await use(caller);
}

/** Without what chance and time have made, of which only the form is told. */
async function rowsOf(state: string): Promise<unknown[]> {
  const objects = join(folder, state, "r2/miniflare-R2BucketObject");
  const file = (await readdir(objects)).find((name) => /^[0-9a-f]{64}\.sqlite$/.test(name)) ?? "";
  using db = new DatabaseSync(join(objects, file), { readOnly: true });
  const blobs = await blobsOf(state);
  return [
    file,
    blobs.length,
    ...db
      .prepare("SELECT * FROM _mf_objects ORDER BY key")
      .all()
      .map(({ blob_id, version, uploaded, ...row }) => ({
        ...row,
        blob: /^[0-9a-f]{80}$/.test(String(blob_id)) && blobs.includes(String(blob_id)),
        version: /^[0-9a-f]{32}$/.test(String(version)),
        uploaded: typeof uploaded,
      })),
  ];
}
