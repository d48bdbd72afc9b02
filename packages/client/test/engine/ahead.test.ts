/** What goes on while commits and downloads are under way. */
import type { WireOp } from "@ashlar/shared/protocol/commit";
import { expect, it } from "vitest";
import { HeldBlocks } from "../../src/engine/held-blocks.ts";
import type { Edge } from "../../src/ports.ts";
import { Device } from "../support/device.ts";
import { ManualClock } from "../support/manual-clock.ts";
import { SimulatedEdge } from "../support/simulated-edge.ts";

/** Each commit takes a second to be applied, and its answer as long as the test says. */
class SlowEdge extends SimulatedEdge {
  readonly clock = new ManualClock(Date.UTC(2026, 10, 22));
  readonly sent: (readonly WireOp[])[] = [];
  answerMs: number[] = [];
  readonly #underWay = new Set<readonly WireOp[]>();
  most = 0;
  /** Commits that began while one that moves or deletes was under way. */
  early = 0;
  pages = 0;

  override port(...args: Parameters<SimulatedEdge["port"]>): Edge {
    const port = super.port(...args);
    return {
      ...port,
      commit: async (ops, content, signal) => {
        this.sent.push(ops);
        if ([...this.#underWay].some(changesPlaces)) this.early++;
        this.#underWay.add(ops);
        this.most = Math.max(this.most, this.#underWay.size);
        await this.clock.sleep(1000);
        const answer = await port.commit(ops, content, signal);
        await this.clock.sleep(this.answerMs.shift() ?? 0);
        this.#underWay.delete(ops);
        return answer;
      },
      changes: (since, epoch, signal) => {
        this.pages++;
        return port.changes(since, epoch, signal);
      },
    };
  }
}

const changesPlaces = (ops: readonly WireOp[]) => ops.some(({ op }) => op === "move" || op === "delete");

const content = (bytes: number) => ({ small: [{ hash: "h" as never, bytes: new Uint8Array(bytes) }], deltas: [] });

const names = (count: number, name: string) => Array.from({ length: count }, (_, index) => `${name} ${index}`);

function slow() {
  const edge = new SlowEdge();
  const device = new Device({ clock: edge.clock, edge, name: "one", seed: 1 });
  return { edge, device, sync: () => edge.clock.passUntil(device.syncOnce(), 3_600_000) };
}

it("X130 new files are read and sent while commits of others are under way, three at most, and each once", async () => {
  const { edge, device, sync } = slow();
  for (const name of names(6000, "file")) device.disk.userWrite(name, name);
  await sync();
  expect(edge.most).toBe(3);
  expect(edge.sent.flat().map(({ op }) => op)).toEqual(Array.from({ length: 6000 }, () => "create"));
  expect([...edge.namespace.nodes.values()].filter(({ name }) => name.startsWith("file"))).toHaveLength(6000);
});

it("X131 an answer that overtakes another is taken after it, and nothing is fetched or sent again for it", async () => {
  const { edge, device, sync } = slow();
  for (const name of names(2000, "file")) device.disk.userWrite(name, name);
  edge.answerMs = [20_000];
  await sync();
  expect(edge.most).toBeGreaterThan(1);
  expect(edge.sent.flat()).toHaveLength(2000);
  // Whoever syncs for the first time lists the tree, and asks what came to it meanwhile.
  expect(edge.pages).toBe(1);
});

it("X132 while a move or a deletion is under way nothing else is planned", async () => {
  const { edge, device, sync } = slow();
  device.disk.userWrite("a", "a");
  device.disk.userWrite("b", "b");
  await sync();
  device.disk.userMove("a", "c");
  device.disk.userRemove("b");
  for (const name of names(2000, "file")) device.disk.userWrite(name, name);
  await sync();
  expect(edge.sent.filter(changesPlaces)).toHaveLength(2);
  expect(edge.early).toBe(0);
  expect([...edge.namespace.nodes.values()].filter(({ name }) => name === "c" || name.startsWith("file"))).toHaveLength(2001);
});

it("X133 what is read waits for room while commits are under way, and is read in any case when none is", () => {
  const held = new HeldBlocks();
  const MiB = 1024 * 1024;
  expect([held.room(true), held.room(false)]).toEqual([16 * MiB, 16 * MiB]);
  held.put("a" as never, content(20 * MiB));
  expect([held.room(true), held.room(false)]).toEqual([12 * MiB, 12 * MiB]);
  held.put("b" as never, content(12 * MiB));
  expect([held.room(true), held.room(false)]).toEqual([0, 4 * MiB]);
});
