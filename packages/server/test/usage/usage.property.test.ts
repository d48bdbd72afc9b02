import type { BlockHash } from "@ashlar/shared/ids";
import { deviceIdSchema, type NodeId } from "@ashlar/shared/ids";
import { historyMs, packBlockBytesMax } from "@ashlar/shared/limits";
import { decodeManifest } from "@ashlar/shared/manifest";
import type { Op } from "@ashlar/shared/protocol/commit";
import { dateOf, dayOf, type Traffic } from "@ashlar/shared/protocol/usage";
import fc from "fast-check";
import { expect, it } from "vitest";
import { commit } from "../../src/namespace/commit.ts";
import type { CommitCall } from "../../src/namespace/types.ts";
import { readUsage } from "../../src/usage/read-usage.ts";
import { expectInvariants } from "../support/invariants.ts";
import {
  block,
  createOp,
  deleteOp,
  mkdirOp,
  moveOp,
  newNode,
  newWorld,
  packOf,
  rootId,
  updateOp,
  type World,
} from "../support/namespace-world.ts";
import { faultyDatabase } from "../support/sqlite-d1.ts";
import { day, expectRowsRight, tendNow } from "../support/tending.ts";

const devices = ["one", "two"].map((name) => deviceIdSchema.parse(name.padEnd(22, "_")));

/** A few of each, so that files share blocks and names clash. */
const step = fc.record({
  kind: fc.constantFrom("create", "mkdir", "update", "move", "delete"),
  node: fc.nat(5),
  parent: fc.nat(5),
  name: fc.constantFrom("a", "b", "c"),
  small: fc.uniqueArray(fc.nat(4), { maxLength: 2 }),
  large: fc.uniqueArray(fc.nat(3), { maxLength: 2 }),
});
type Step = { kind: string; node: number; parent: number; name: string; small: number[]; large: number[] };
const round = fc.record({
  steps: fc.array(step, { minLength: 1, maxLength: 4 }),
  device: fc.nat(1),
  waitMs: fc.constantFrom(0, 1000, day),
  /** How the commit arrives: once, twice, with an answer that is lost, or once more much later. */
  fate: fc.constantFrom("once", "twice", "lost", "late"),
});

/** What the days should say, counted from the commits' answers and nothing the server keeps. */
class Model {
  readonly days = new Map<string, Traffic>();
  readonly #known = new Set<BlockHash>();
  readonly #applied = new Set<string>();
  readonly sent = new Map<BlockHash, number>();

  /** Of operations that are answered as applied those that were not before; they took so many commits. */
  applied(world: World, call: CommitCall, answered: readonly string[], commits: number): void {
    const applied = new Set(answered.filter((opId) => !this.#applied.has(opId)));
    if (applied.size === 0) return;
    const counted = blocksOf(call.ops.filter(({ opId }) => this.#applied.has(opId)));
    for (const opId of applied) this.#applied.add(opId);
    const key = `${dateOf(dayOf(world.time))} ${call.device}`;
    const before = this.days.get(key) ?? { commits: 0, fileBytes: 0, blockBytes: 0, sentBytes: 0 };
    const versions = call.ops.filter((op) => applied.has(op.opId)).flatMap((op) => ("manifest" in op ? [op] : []));
    const used = blocksOf(versions);
    const fresh = [...used].filter(([hash]) => !this.#known.has(hash));
    for (const [hash] of fresh) this.#known.add(hash);
    const inline = (call.inlineSent ?? []).filter(({ hash }) => used.has(hash) && !counted.has(hash));
    const large = fresh.filter(([, size]) => size > packBlockBytesMax);
    this.days.set(key, {
      commits: before.commits + commits,
      fileBytes: before.fileBytes + versions.reduce((total, { size }) => total + size, 0),
      blockBytes: before.blockBytes + fresh.reduce((total, [, size]) => total + size, 0),
      sentBytes:
        before.sentBytes +
        inline.reduce((total, { bytes }) => total + bytes, 0) +
        large.reduce((total, [hash]) => total + (this.sent.get(hash) ?? 0), 0),
    });
  }
}

const blocksOf = (ops: readonly Op[]): Map<BlockHash, number> =>
  new Map(ops.flatMap((op) => ("manifest" in op ? decodeManifest(op.manifest) : [])).map(({ hash, size }) => [hash, size]));

const seqOf = ({ db, user }: World): number => Number(db.raw.prepare("SELECT seq FROM namespaces WHERE user_id = ?").get(user)?.["seq"]);

function opOf(world: World, nodes: readonly NodeId[], revs: Map<NodeId, number>, one: Step): Op {
  const at = (index: number): NodeId => nodes[index] ?? rootId;
  const node = at(one.node);
  const parent = one.parent < 2 ? rootId : at(one.parent);
  const blocks = [
    ...one.small.map((n) => block(`small ${n}`, 10 + n)),
    ...one.large.map((n) => block(`large ${n}`, packBlockBytesMax + 1 + n)),
  ];
  const rev = revs.get(node) ?? 1;
  if (one.kind === "create") return createOp(node, parent, one.name, blocks);
  if (one.kind === "mkdir") return mkdirOp(node, parent, one.name);
  if (one.kind === "update") return updateOp(node, rev, blocks);
  return one.kind === "move" ? moveOp(node, rev, parent, one.name) : deleteOp(node, rev);
}

it("R1 R2 R3 counters and days agree with a recount, whatever is committed, sent again, lost or expired", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(round, { minLength: 1, maxLength: 8 }), async (rounds) => {
      const world = await newWorld();
      const model = new Model();
      world.time = 100 * day;
      for (const n of [0, 1, 2, 3]) {
        const ref = block(`large ${n}`, packBlockBytesMax + 1 + n);
        model.sent.set(ref.hash, 100 * (n + 1));
        world.blocks.sent.set(ref.hash, 100 * (n + 1));
        world.blocks.upload(ref);
      }
      const nodes = Array.from({ length: 6 }, (_, n) => newNode(`n${n}`));
      const revs = new Map<NodeId, number>();
      const late: (() => Promise<void>)[] = [];
      for (const { steps, device, waitMs, fate } of rounds) {
        world.time += waitMs;
        const ops = steps.map((one) => opOf(world, nodes, revs, one));
        const small = [...blocksOf(ops)].filter(([, size]) => size <= packBlockBytesMax).map(([hash, size]) => ({ hash, size }));
        const packs = small.length === 0 ? [] : [packOf(...small)];
        const call: CommitCall = {
          ...world.call(ops, packs),
          device: devices[device] ?? world.call([]).device,
          inlineSent: small.map(({ hash }) => ({ hash, bytes: 7 })),
        };
        // Of several, one that conflicted may fit when the commit is looked at again: it is a commit of its own then.
        const send = async (lost: boolean) => {
          let [calls, commits, seq] = [0, 0, seqOf(world)];
          const look = () => {
            if (seqOf(world) > seq) commits++;
            seq = seqOf(world);
          };
          const fault = () => (look(), (calls += 1) === 2 && lost ? "after" : undefined);
          const { answer } = await commit({ ...world.deps, db: faultyDatabase(world.db, fault) }, call);
          look();
          if (!answer.ok) throw new Error(answer.detail);
          for (const change of answer.response.changes) revs.set(change.node, change.rev);
          model.applied(
            world,
            call,
            answer.response.results.filter(({ status }) => status === "applied").map(({ opId }) => opId),
            commits,
          );
        };
        await send(fate === "lost");
        if (fate === "twice") await send(false);
        if (fate === "late") late.push(() => send(false));
      }
      for (const send of late) await send();
      expectInvariants(world);
      const usage = await readUsage(world.db, world.user, world.time);
      const rows = new Map(usage.days.map(({ day: date, device, ...traffic }) => [`${date} ${device}`, traffic]));
      expect(rows).toEqual(model.days);
      const sum = (what: keyof Traffic) => [...model.days.values()].reduce((total, traffic) => total + traffic[what], 0);
      expect(usage.total).toEqual({
        commits: sum("commits"),
        fileBytes: sum("fileBytes"),
        blockBytes: sum("blockBytes"),
        sentBytes: sum("sentBytes"),
      });
      world.time += historyMs + 1;
      await tendNow(world);
      expectRowsRight(world);
      expect((await readUsage(world.db, world.user, world.time)).history.bytes).toBe(0);
    }),
    { numRuns: 60 },
  );
}, 60_000);
