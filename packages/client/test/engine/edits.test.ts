/** Edits on their way in commits: deltas and patches, and what follows when the server refuses one. */
import { type BlockHash, type NodeId, type OpId, newId, rootId } from "@ashlar/shared/ids";
import { commitDeltaBytesMax, commitDeltasMax } from "@ashlar/shared/limits";
import type { Op, WireOp } from "@ashlar/shared/protocol/commit";
import { ProblemError } from "@ashlar/shared/protocol/problem";
import { describe, expect, it } from "vitest";
import { batchesOf } from "../../src/engine/batches.ts";
import { HeldBlocks } from "../../src/engine/held-blocks.ts";
import { Device } from "../support/device.ts";
import { ManualClock } from "../support/manual-clock.ts";
import { Random } from "../support/random.ts";
import { SimulatedEdge } from "../support/simulated-edge.ts";
import { Simulation } from "../support/simulation.ts";

const text = "a text of several blocks, one after the other, so that there is something to patch";
const edit = (mark: string) => `${mark}${text.slice(1)}`;

/** Commits are recorded, and refused with these codes in turn. */
class WatchedEdge extends SimulatedEdge {
  readonly sent: { ops: readonly WireOp[]; deltas: number }[] = [];
  refuse: ("base-missing" | "bad-delta" | "stale-patch" | "block-missing")[] = [];

  override port(...args: Parameters<SimulatedEdge["port"]>): ReturnType<SimulatedEdge["port"]> {
    const port = super.port(...args);
    return {
      ...port,
      commit: async (ops, content, signal) => {
        this.sent.push({ ops, deltas: content.deltas.length });
        const code = this.refuse.shift();
        if (code !== undefined) throw new ProblemError(code);
        return port.commit(ops, content, signal);
      },
    };
  }
}

/** One device with an agreed file "x", about to edit it with a delta in the commit; another beside it. */
async function agreed() {
  const clock = new ManualClock(Date.UTC(2026, 10, 22));
  const edge = new WatchedEdge();
  const one = new Device({ clock, edge, name: "one", seed: 4 });
  const two = new Device({ clock, edge, name: "two", seed: 2 });
  one.disk.userWrite("x", text);
  await one.syncOnce();
  await two.syncOnce();
  // Chance decides about each delta: until one is in the commit.
  for (let count = 0; ; count++) {
    edge.sent.length = 0;
    one.disk.userWrite("x", edit(String.fromCodePoint(66 + count)));
    if (count > 20) throw new Error("no delta was made");
    await one.syncOnce();
    if (edge.sent.some(({ deltas }) => deltas > 0)) return { clock, edge, one, two };
  }
}

const ids = (edge: WatchedEdge) => edge.sent.map(({ ops }) => ops.map(({ opId }) => opId));

/** Edits until a commit with a delta was met by the refusals. */
async function refused(codes: WatchedEdge["refuse"]) {
  const both = await agreed();
  const { edge, one } = both;
  for (let count = 0; count < 25; count++) {
    edge.sent.length = 0;
    edge.refuse = [...codes];
    one.disk.userWrite("x", edit(String.fromCodePoint(97 + count)));
    await one.syncOnce();
    if ((edge.sent[0]?.deltas ?? 0) > 0) return both;
  }
  throw new Error("no delta was made");
}

describe("a commit that is refused", () => {
  it.each(["base-missing", "bad-delta"] as const)(
    "X60 with %s for its delta is sent again with the block whole, under the same ids (I4)",
    async (code) => {
      const { edge, one, two } = await refused([code]);
      expect(edge.sent.map(({ deltas }) => deltas > 0)).toEqual([true, false]);
      expect(ids(edge)[1]).toEqual(ids(edge)[0]);
      await two.syncOnce();
      expect(two.disk.listing()).toEqual(one.disk.listing());
    },
  );

  it("X61 with stale-patch is sent again with the manifest whole, under the same ids (I4)", async () => {
    const { edge, one, two } = await refused(["stale-patch"]);
    expect(edge.sent.map(({ ops }) => ops.some((op) => "patch" in op))).toEqual([true, false]);
    expect(ids(edge)[1]).toEqual(ids(edge)[0]);
    await two.syncOnce();
    expect(two.disk.listing()).toEqual(one.disk.listing());
  });

  it("X61 for one after the other ends all the same", async () => {
    const { edge, one, two } = await refused(["stale-patch", "bad-delta", "stale-patch"]);
    expect(edge.sent.length).toBeLessThanOrEqual(5);
    await two.syncOnce();
    expect(two.disk.listing()).toEqual(one.disk.listing());
  });

  it("X62 for a block whose delta was lost in a crash makes the device read the file again", async () => {
    const { edge, one, two } = await agreed();
    one.edgeGate = (call) => {
      if (call === "commit") one.kill();
    };
    one.disk.userWrite("x", edit("!"));
    one.start();
    for (let turn = 0; turn < 20 && one.isRunning; turn++) await new Promise((resolve) => setImmediate(resolve));
    one.edgeGate = () => undefined;
    expect(await one.syncOnce()).toMatchObject({ state: "equal" });
    await two.syncOnce();
    expect(two.disk.listing()).toEqual(one.disk.listing());
    expect(edge.namespace.nodes.size).toBe(1);
  });
});

const random = new Random(3);
const hash = (index: number) => index.toString(16).padStart(64, "0") as BlockHash;
const op = (): Op => ({
  op: "update",
  opId: newId<OpId>(random.bytes),
  node: newId<NodeId>(random.bytes),
  baseRev: 1,
  manifest: "",
  size: 0,
  mtimeMs: 0,
  mode: 0o644,
});

/** How many deltas each commit carries when every operation has one of that length. */
function deltasOfEach(count: number, each: number): number[] {
  const ops = Array.from({ length: count }, op);
  const held = new Map(ops.map((one, index) => [one, { small: [], deltas: [{ target: hash(index), frame: new Uint8Array(each) }] }]));
  return batchesOf(ops, (one) => held.get(one) ?? { small: [], deltas: [] }).map(({ deltas }) => deltas.length);
}

describe("what a commit carries", () => {
  it("X63 are 16 deltas of 256 KiB in all at most", () => {
    expect(deltasOfEach(commitDeltasMax, 1)).toEqual([commitDeltasMax]);
    expect(deltasOfEach(commitDeltasMax + 1, 1)).toEqual([commitDeltasMax, 1]);
    expect(deltasOfEach(8, commitDeltaBytesMax / 8)).toEqual([8]);
    expect(deltasOfEach(8, commitDeltaBytesMax / 8 + 1)).toEqual([7, 1]);
  });

  it("X63 is each block once, and of one with a delta the delta alone", () => {
    const held = { small: [{ hash: hash(1), bytes: new Uint8Array(5) }], deltas: [{ target: hash(1), frame: new Uint8Array(2) }] };
    const [batch] = batchesOf([op(), op()], () => held);
    expect([batch?.inline, batch?.deltas]).toEqual([[], held.deltas]);
    const [whole] = batchesOf([op(), op()], () => ({ ...held, deltas: [] }));
    expect([whole?.inline, whole?.deltas]).toEqual([held.small, []]);
  });

  it("X63 is held without deltas once they were refused", () => {
    const held = new HeldBlocks();
    const content = { small: [{ hash: hash(1), bytes: new Uint8Array(5) }], deltas: [{ target: hash(2), frame: new Uint8Array(2) }] };
    held.put(rootId, content);
    held.dropDeltas(rootId);
    expect(held.get(rootId)).toEqual({ small: content.small, deltas: [] });
  });
});

it("X64 the simulation takes and refuses deltas and patches of all kinds", async () => {
  const totals = { deltas: 0, patches: 0 };
  const refusals = new Set<string>();
  const isComplete = () => Math.min(totals.deltas, totals.patches) > 0 && refusals.size === 3;
  for (let seed = 900; seed < 930 && !isComplete(); seed++) {
    const simulation = new Simulation({ seed, devices: 2, steps: 25, lost: 0, crash: 0 });
    await simulation.run();
    totals.deltas += simulation.edge.deltasTaken;
    totals.patches += simulation.edge.patchesTaken;
    for (const code of simulation.edge.refused) refusals.add(code);
  }
  expect(Math.min(totals.deltas, totals.patches)).toBeGreaterThan(0);
  expect([...refusals].toSorted()).toEqual(["bad-delta", "base-missing", "stale-patch"]);
});
