import { manifestRowCharsMax, packBlockBytesMax } from "@ashlar/shared/limits";
import { describe, expect, it } from "vitest";
import { commit, type CommitDeps } from "../../src/namespace/commit.ts";
import type { CommitAnswer } from "../../src/namespace/types.ts";
import { dump, expectInvariants } from "../support/invariants.ts";
import { block, createOp, mkdirOp, newNode, newWorld, packOf, rootId, updateOp, type World } from "../support/namespace-world.ts";
import type { Fault } from "../support/sqlite-d1.ts";

/** Thrown through everything that a commit catches: the process is gone. */
class Crash extends Error {}

type Strike = { readonly fault: Fault; readonly kind: "error" | "crash" };
type Ports = Pick<CommitDeps, "db" | "blocks" | "bucket" | "intents" | "sleep">;

/** The world's ports, with their calls on record: from call `first` on, `times` of them fail. A crash is for good: no later call does anything. */
function failingPorts(world: World, first: number, times: number, strike: Strike): Ports & { readonly calls: readonly string[] } {
  const calls: string[] = [];
  let crashed = false;
  const through = async <Result>(name: string, happen: () => Promise<Result>): Promise<Result> => {
    if (crashed) return new Promise<Result>(() => {});
    calls.push(name);
    const struck = calls.length >= first && calls.length < first + times;
    if (!struck) return happen();
    if (strike.fault === "after") await happen();
    if (strike.kind === "error") throw new Error("Network connection lost.");
    crashed = true;
    throw new Crash("the process is gone");
  };
  const { db, blocks, bucket, intents } = world;
  return {
    calls,
    db: { prepare: (sql) => db.prepare(sql), batch: (statements) => through("batch", () => db.batch(statements)) },
    blocks: {
      have: (user, hashes) => through("have", () => blocks.have(user, hashes)),
      protect: () => through("protect", () => blocks.protect()),
      hold: (user, wanted, generation) => through("hold", () => blocks.hold(user, wanted, generation)),
      release: (user, hashes, generation) => through("release", () => blocks.release(user, hashes, generation)),
    },
    bucket: {
      head: (key) => through("head", () => bucket.head(key)),
      get: (key) => through("get", () => bucket.get(key)),
      put: (key, body) => through("put", () => bucket.put(key, body)),
    },
    intents: {
      read: () => through("read", () => intents.read()),
      write: (intent) => through("write", () => intents.write(intent)),
      clear: () => through("clear", () => intents.clear()),
    },
    sleep: async () => {},
  };
}

/** Undefined if the process died first, which a device sees as no answer. */
async function tryCommit(world: World, ports: Ports, call: ReturnType<World["call"]>): Promise<CommitAnswer | undefined> {
  const death = Promise.withResolvers<undefined>();
  const report = (_message: string, cause: unknown) => {
    if (cause instanceof Crash) death.resolve(undefined);
    world.reports.push(cause);
  };
  return Promise.race([commit({ ...world.deps, ...ports, report }, call).then(({ answer }) => answer), death.promise]);
}

async function prepared(manifestBlocks = 2) {
  const world = await newWorld({ quotaBytes: 1e15 });
  const [file, small, large] = [newNode(), block("small"), block("large", packBlockBytesMax + 1)];
  world.blocks.upload(large);
  await world.commit([createOp(file, rootId, "file")]);
  const long = Array.from({ length: manifestBlocks }, () => large);
  const ops = [mkdirOp(newNode(), rootId, "d"), updateOp(file, 1, [small, large]), createOp(newNode(), rootId, "long", long)];
  return { world, call: world.call(ops, [packOf(small)]) };
}

const strikes: Strike[] = (["before", "after"] as const).flatMap((fault) => [
  { fault, kind: "error" },
  { fault, kind: "crash" },
]);

/** Strikes the call with that number, then lets a new process take the same commit again. */
async function strikeOnce(strike: Strike, at: number, manifestBlocks?: number): Promise<void> {
  const { world, call } = await prepared(manifestBlocks);
  const answer = await tryCommit(world, failingPorts(world, at, 1, strike), call);
  const landed = (dump(world) as { changes: unknown[] }).changes.length - 1;
  expect(answer?.ok === true ? [3] : [0, 3]).toContain(landed);
  const again = await tryCommit(world, world.deps, call);
  expect(again).toMatchObject({ ok: true, response: { head: 4 } });
  expect(again).toEqual(answer?.ok === true ? answer : again);
  expect(world.intents.intent).toBeNull();
  putManifestsIntoRows(world);
  expectInvariants(world);
}

async function calmCalls(manifestBlocks?: number): Promise<readonly string[]> {
  const { world, call } = await prepared(manifestBlocks);
  const ports = failingPorts(world, Number.POSITIVE_INFINITY, 0, { fault: "before", kind: "error" });
  await tryCommit(world, ports, call);
  return ports.calls;
}

describe("a commit under failures", () => {
  it.each(strikes)(
    "C23 lands wholly or not at all when a port's call fails ($fault it happens, $kind), and the re-sent one is answered alike (I4)",
    async (strike) => {
      const calls = await calmCalls();
      expect(calls).toEqual(["read", "batch", "write", "hold", "batch", "clear"]);
      for (let at = 1; at <= calls.length; at++) await strikeOnce(strike, at);
    },
  );

  it.each(strikes)(
    "C23 lands wholly or not at all when the bucket fails to take a long manifest ($fault it happens, $kind)",
    async (strike) => {
      const manifestBlocks = Math.ceil(manifestRowCharsMax / 46);
      const put = (await calmCalls(manifestBlocks)).indexOf("put");
      expect(put).toBeGreaterThan(0);
      await strikeOnce(strike, put + 1, manifestBlocks);
    },
  );

  it("C24 gives up after some attempts with try-again and a time, and holds nothing for long", async () => {
    const { world, call } = await prepared();
    const answer = await tryCommit(world, failingPorts(world, 4, 1000, { fault: "before", kind: "error" }), call);
    expect(answer).toMatchObject({ ok: false, code: "try-again", retryAfterS: 2 });
    expect(world.reports.length).toBeGreaterThan(1);
    await world.commit([mkdirOp(newNode(), rootId, "another")]);
    expect(world.blocks.held.size).toBe(0);
    expectInvariants(world);
  });

  it("C25 keeps a write that arrives late from landing after its commit was undone (I8)", async () => {
    const { world, call } = await prepared();
    const late: (() => Promise<unknown>)[] = [];
    const db: CommitDeps["db"] = {
      prepare: (sql) => world.db.prepare(sql),
      batch: (statements) => {
        if (world.intents.intent === null) return world.db.batch(statements);
        late.push(() => world.db.batch(statements));
        throw new Error("the answer is lost, and the batch is still under way");
      },
    };
    expect(await tryCommit(world, { ...world.deps, db }, call)).toMatchObject({ ok: false, code: "try-again" });
    await commit(world.deps, world.call([updateOp(newNode(), 1)]));
    expect(late.length).toBeGreaterThan(0);
    for (const arrive of late) await arrive().catch(() => {});
    expect(world.blocks.held.size).toBe(0);
    expectInvariants(world);
  });

  it("C30 gives back what an attempt held that the next one, seeing another namespace, does not need", async () => {
    const world = await newWorld();
    const [file, large] = [newNode(), block("large", packBlockBytesMax + 1)];
    world.blocks.upload(large);
    await world.commit([createOp(file, rootId, "file")]);
    let interfered = false;
    const db: CommitDeps["db"] = {
      prepare: (sql) => world.db.prepare(sql),
      batch: async (statements) => {
        if (world.intents.intent !== null && !interfered) {
          interfered = true;
          const others = { read: async () => null, write: async () => {}, clear: async () => {} };
          await commit({ ...world.deps, intents: others }, world.call([updateOp(file, 1)]));
        }
        return world.db.batch(statements);
      },
    };
    const { results } = await world.commit([updateOp(file, 1, [large]), mkdirOp(newNode(), rootId, "d")], [], { db });
    expect(results).toMatchObject([{ reason: "stale" }, { status: "applied", seq: 3 }]);
    expect(world.blocks.held.size).toBe(0);
    expect(world.intents.intent).toBeNull();
    expectInvariants(world);
  });

  it("C26 lets two writers of one namespace both commit, but never with the same seq (I3)", async () => {
    const world = await newWorld();
    const one = Array.from({ length: 20 }, (_, index) => world.call([mkdirOp(newNode(), rootId, `one ${index}`)]));
    const two = Array.from({ length: 20 }, (_, index) => world.call([mkdirOp(newNode(), rootId, `two ${index}`)]));
    const run = async (calls: typeof one): Promise<CommitAnswer[]> => {
      const answers: CommitAnswer[] = [];
      for (const call of calls) answers.push((await commit(world.deps, call)).answer);
      return answers;
    };
    const answers = (await Promise.all([run(one), run(two)])).flat();
    const landed = answers.filter(({ ok }) => ok);
    expect(landed.length).toBe(40);
    expect(world.reports.length).toBeGreaterThan(0);
    const seqs = answers.flatMap((answer) => (answer.ok ? answer.response.changes.map(({ seq }) => seq) : []));
    expect(seqs.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 40 }, (_, index) => index + 1));
    expectInvariants(world);
  });

  it("C27 lets the same commit sent twice at once land once, with one answer for both", async () => {
    const { world, call } = await prepared();
    const answers = await Promise.all([commit(world.deps, call), commit(world.deps, call)]);
    expect(answers[0]?.answer).toMatchObject({ ok: true, response: { head: 4 } });
    expect(answers[0]?.answer).toEqual(answers[1]?.answer);
    expectInvariants(world);
  });
});

/** The checks read manifests from rows: this puts those of the bucket there. */
function putManifestsIntoRows(world: World): void {
  for (const row of world.db.raw.prepare("SELECT manifest_key AS key FROM versions WHERE manifest_key IS NOT NULL").all()) {
    const bytes = world.bucket.objects.get(String(row["key"]));
    const manifest = new TextDecoder().decode(bytes ?? new Uint8Array());
    world.db.raw
      .prepare("UPDATE versions SET manifest = ?1, manifest_key = NULL WHERE manifest_key = ?2")
      .run(manifest, String(row["key"]));
  }
}
