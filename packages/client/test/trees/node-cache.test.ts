import { type NodeId, newId, rootId } from "@ashlar/shared/ids";
import * as fc from "fast-check";
import { expect, it } from "vitest";
import { openDatabase } from "../../src/node/database.ts";
import { NodeCache } from "../../src/trees/node-cache.ts";
import { Trees } from "../../src/trees/trees.ts";
import { Random } from "../support/random.ts";

const { bytes } = new Random(3);
const ids = Array.from({ length: 4 }, () => newId<NodeId>(bytes));
const idOf = (index: number): NodeId => ids[index % ids.length] ?? rootId;

const step = fc.record({
  do: fc.constantFrom("local", "remote", "synced", "remove", "rekey", "wait", "stop waiting", "forget agreements"),
  at: fc.nat(3),
  to: fc.nat(3),
  name: fc.constantFrom("a", "b"),
  isTakenBack: fc.boolean(),
});

function take(trees: Trees, { do: what, at, to, name }: { do: string; at: number; to: number; name: string }): void {
  const id = idOf(at);
  const shared = {
    id,
    parent: rootId,
    name,
    spelling: undefined,
    kind: "file",
    mode: 0o644,
    rev: 1,
    version: 1,
    size: 0,
    mtimeMs: 0,
  } as const;
  const stat = { kind: "file", size: 0, mtimeNs: "0", ctimeNs: "0", inode: "1", mode: 0o644 } as const;
  const row = { path: name, reason: "busy", detail: "", sinceMs: 0, nextTryMs: null, attempts: 1 };
  if (what === "local") trees.local.put({ ...shared, stat, seenAtMs: 0, manifest: null });
  if (what === "remote") trees.remote.put({ ...shared, manifest: "" });
  if (what === "synced") trees.synced.put({ ...shared, manifest: "" });
  if (what === "remove") for (const tree of [trees.local, trees.remote, trees.synced]) tree.remove(id);
  if (what === "rekey" && trees.local.get(idOf(to)) === undefined) trees.local.rekey(id, idOf(to));
  if (what === "wait") trees.waiting.putNode(id, row);
  if (what === "stop waiting") trees.waiting.removeNode(id);
  if (what === "forget agreements") trees.forgetAgreements();
}

const takenBack = new Error("taken back");

function attempted(work: () => void): void {
  try {
    work();
  } catch (error) {
    if (error !== takenBack) throw error;
  }
}

const seen = (trees: Trees) =>
  ids.map((id) => [
    trees.local.get(id),
    trees.remote.get(id),
    trees.synced.get(id),
    trees.waiting.ofNode(id),
    trees.waiting.isPutOff(id, 0),
  ]);

it("T31 what the trees say is what the database holds, also after a transaction was taken back", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const database = openDatabase(":memory:", 0);
      const trees = new Trees(database, { caseSensitive: true });
      for (const { isTakenBack, ...more } of steps) {
        attempted(() =>
          trees.transaction(() => {
            take(trees, more);
            seen(trees);
            if (isTakenBack) throw takenBack;
          }),
        );
        // One that keeps nothing in memory.
        expect(seen(trees)).toEqual(seen(new Trees(database, { caseSensitive: true, readOnly: true })));
      }
      database.close();
    }),
  );
});

function cacheOf(nodes: Readonly<Record<string, string>>, nodesMax: number) {
  const reads: string[] = [];
  const cache = new NodeCache<{ manifest: string }>((id) => {
    reads.push(id);
    const manifest = nodes[id];
    return manifest === undefined ? undefined : { manifest };
  }, nodesMax);
  const get = (...asked: string[]) => asked.map((id) => cache.get(id as NodeId)?.manifest);
  return { cache, get, reads };
}

it("T31 no more nodes are kept in memory than allowed, and each is read once while it is", () => {
  const { cache, get, reads } = cacheOf({ a: "A", b: "B" }, 2);
  expect(get("a", "absent", "a", "absent")).toEqual(["A", undefined, "A", undefined]);
  expect(reads).toEqual(["a", "absent"]);
  get("b", "b", "a");
  expect(reads).toEqual(["a", "absent", "b", "a"]);
  cache.forgetAll();
  get("a", "b");
  expect(reads).toEqual(["a", "absent", "b", "a", "a", "b"]);
});

it("T31 what was written is not read again, nor what is gone", () => {
  const { cache, get, reads } = cacheOf({ a: "A" }, 2);
  cache.written("b" as NodeId, { manifest: "B" });
  cache.written("a" as NodeId, undefined);
  expect(get("a", "b")).toEqual([undefined, "B"]);
  expect(reads).toEqual([]);
  cache.written("b" as NodeId, { manifest: "x".repeat(4097) });
  get("b");
  expect(reads).toEqual(["b"]);
});

it("T33 nodes of long files are not kept in memory", () => {
  const { get, reads } = cacheOf({ short: "x".repeat(4096), long: "x".repeat(4097) }, 10);
  get("short", "short", "long", "long");
  expect(reads).toEqual(["short", "long", "long"]);
});
