import { RewindFacts } from "@ashlar/shared/history/rewind-facts";
import { planRewind } from "@ashlar/shared/history/rewind-plan";
import { inCommits, opOf, type Step } from "@ashlar/shared/history/steps";
import { type NodeId, nodeIdSchema, opIdSchema, rootId } from "@ashlar/shared/ids";
import { commitHeadBytesMax, commitOpsMax } from "@ashlar/shared/limits";
import type { PastNode, WantedState } from "@ashlar/shared/protocol/history";
import { isTemporaryName } from "@ashlar/shared/side-names";
import { opSchema } from "@ashlar/shared/protocol/commit";
import { expect, it } from "vitest";

const id = (label: string): NodeId => nodeIdSchema.parse(label.padEnd(22, "_"));
const remove = (label: string, joined = false): Step => ({ do: "delete", node: id(label), baseRev: 1, joined });

const present = (label: string, name: string, more: Partial<PastNode> = {}): PastNode => ({
  node: id(label),
  parent: rootId,
  name,
  kind: "file",
  rev: 5,
  version: 2,
  size: 1,
  mtimeMs: 0,
  mode: 0o644,
  digest: "",
  deletedAt: null,
  ...more,
});
const wanted = (name: string, more: Partial<WantedState> = {}): WantedState => ({
  parent: rootId,
  name,
  version: 2,
  size: 1,
  mtimeMs: 0,
  mode: 0o644,
  content: "same",
  manifest: null,
  ...more,
});

function planOf(items: { node: PastNode; wanted: WantedState | null }[], scope = rootId) {
  const facts = new RewindFacts();
  facts.add({ head: 9, items, lost: [], folders: [], next: null });
  return planRewind(facts, { scope, date: "2026-11-22" });
}

const update = (manifest: string | null, size: number): Step => ({
  do: "update",
  node: id("f"),
  baseRev: 1,
  joined: false,
  version: 1,
  manifest,
  size,
  mtimeMs: 0,
  mode: 0o600,
});

it("V14 commits have as many steps as they may, and joined ones stay together", () => {
  const many = Array.from({ length: commitOpsMax + 1 }, (_, index) => remove(`n${index}`));
  expect(inCommits(many.slice(1)).map(({ length }) => length)).toEqual([commitOpsMax]);
  expect(inCommits(many).map(({ length }) => length)).toEqual([commitOpsMax, 1]);
  const pairs = [remove("a"), remove("b"), remove("b", true), remove("c"), remove("c", true), remove("c", true), remove("c", true)];
  expect(inCommits(pairs, 2).map((steps) => steps.map(({ node }) => node.slice(0, 1)))).toEqual([
    ["a"],
    ["b", "b"],
    ["c", "c"],
    ["c", "c"],
  ]);
  const half = commitHeadBytesMax / 4;
  const [long, longer] = ["x".repeat(half), "x".repeat(half + 1)];
  expect(inCommits([update(long, 0), update(long, 0)])).toHaveLength(1);
  expect(inCommits([update(long, 0), update(longer, 0)])).toHaveLength(2);
  // A manifest that is not known yet counts by the size of the file.
  expect(inCommits([update(null, 2 ** 33), update(null, 2 ** 33)])).toHaveLength(2);
});

it("V14 a swap is three moves in one commit, with a temporary name in between only", () => {
  const { steps, counts } = planOf([
    { node: present("a", "x"), wanted: wanted("y") },
    { node: present("b", "y"), wanted: wanted("x") },
  ]);
  expect(steps.map((step) => [step.node.slice(0, 1), step.do, step.baseRev, step.joined])).toEqual([
    ["b", "move", 5, false],
    ["a", "move", 5, true],
    ["b", "move", 6, true],
  ]);
  expect(steps.map((step) => step.do === "move" && isTemporaryName(step.place.name))).toEqual([true, false, false]);
  expect(counts).toEqual({ restored: 0, moved: 2, changed: 0, removed: 0, bytes: 0 });
});

it("V14 what stands in the way and did not exist goes first, what stays keeps its name", () => {
  const taken = planOf([
    { node: present("a", "x", { deletedAt: 7 }), wanted: wanted("x", { content: "other", version: 1, size: 9 }) },
    { node: present("b", "x"), wanted: null },
  ]);
  expect(taken.steps.map((step) => step.do)).toEqual(["delete", "restore", "update"]);
  expect(taken.counts).toEqual({ restored: 1, moved: 0, changed: 1, removed: 1, bytes: 9 });
  const folder = id("f");
  const beside = [
    { node: present("f", "f", { kind: "folder" }), wanted: wanted("f") },
    { node: present("a", "out", { parent: folder }), wanted: wanted("y.txt") },
    { node: present("b", "y.txt"), wanted: null },
  ];
  const [step, ...more] = planOf(beside, folder).steps;
  expect(more).toEqual([]);
  expect(step).toMatchObject({ do: "move", place: { parent: rootId, name: "y (restored 2026-11-22).txt" } });
  // It is there already: a second rewind has nothing to do.
  const again = beside.map((item) =>
    item.node.node === id("a") ? { ...item, node: present("a", "y (restored 2026-11-22).txt", { parent: rootId }) } : item,
  );
  expect(planOf(again, folder).steps).toEqual([]);
});

it("V14 content that is no longer kept is told, and the rest is done", () => {
  const { steps, lost } = planOf([{ node: present("a", "now"), wanted: wanted("then", { content: "lost", version: 1 }) }]);
  expect(steps.map((step) => step.do)).toEqual(["move"]);
  expect(lost).toEqual(["now"]);
  const facts = new RewindFacts();
  const folder = present("f", "f", { kind: "folder" });
  const gone = (label: string, parent: NodeId) => ({ node: id(label), parent, path: `f/${label}` });
  facts.add({ head: 9, items: [], lost: [gone("a", folder.node), gone("b", rootId), gone("c", id("a"))], folders: [folder], next: null });
  const told = (scope: NodeId) => planRewind(facts, { scope, date: "2026-11-22" }).lost;
  expect(told(rootId)).toEqual(["f/a", "f/b", "f/c"]);
  expect(told(folder.node)).toEqual(["f/a", "f/c"]);
});

it("V14 every step is an operation of the protocol", () => {
  const place = { parent: rootId, name: "x", spelling: undefined };
  const base = { node: id("a"), baseRev: 1, joined: false };
  const steps: Step[] = [
    { do: "restore", ...base, place },
    { do: "move", ...base, place, mode: 0o700, aside: false },
    { do: "update", ...base, version: 1, manifest: null, size: 0, mtimeMs: 0, mode: 0o600 },
    { do: "delete", ...base },
  ];
  for (const step of steps) expect(opSchema.safeParse(opOf(step, opIdSchema.parse("o".repeat(22)), "")).success).toBe(true);
});
