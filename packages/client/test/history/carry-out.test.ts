import type { Step } from "@ashlar/shared/history/steps";
import { type DeviceId, newId, type NodeId, type OpId, rootId, type UserId } from "@ashlar/shared/ids";
import type { Op } from "@ashlar/shared/protocol/commit";
import { ProblemError } from "@ashlar/shared/protocol/problem";
import { expect, it } from "vitest";
import { carryOut } from "../../src/history/carry-out.ts";
import { UnreachableError } from "../../src/ports.ts";
import { Namespace } from "../support/namespace.ts";
import { Random } from "../support/random.ts";

const random = new Random(5);
const id = <Id extends NodeId | OpId | DeviceId | UserId>() => newId<Id>(random.bytes);
const device = id<DeviceId>();

function world(refuse: (ops: readonly Op[]) => unknown = () => undefined) {
  const namespace = new Namespace(id<UserId>());
  const commits: number[] = [];
  const commit = (ops: readonly Op[]) => namespace.commit(ops, device);
  const edge = {
    commit: async (ops: readonly Op[]) => {
      commits.push(ops.length);
      const error = refuse(ops);
      if (error !== undefined) throw error;
      return { ...commit(ops), head: namespace.head };
    },
    manifest: async () => "",
  };
  const options = { edge, newOpId: () => id<OpId>(), date: "2026-11-22", signal: new AbortController().signal };
  const mkdir = (name: string, parent = rootId): NodeId => {
    const node = id<NodeId>();
    commit([{ op: "mkdir", opId: id(), node, parent, name, mode: 0o755 }]);
    return node;
  };
  const remove = (node: NodeId) => commit([{ op: "delete", opId: id(), node, baseRev: namespace.nodes.get(node)?.rev ?? 0 }]);
  return { namespace, commits, options, mkdir, remove };
}

const restore = (node: NodeId, name: string, parent = rootId, baseRev = 2): Step => ({
  do: "restore",
  node,
  baseRev,
  joined: false,
  place: { parent, name },
});

it("V15 what comes back where something else stands by now gets another name, with all that is below it", async () => {
  const { namespace, options, mkdir, remove } = world();
  const [folder, other] = [mkdir("d"), mkdir("e")];
  const inner = mkdir("i", folder);
  for (const node of [inner, folder]) remove(node);
  for (const name of ["d", "d (restored 2026-11-22)"]) mkdir(name);
  const paths: string[] = [];
  const left = await carryOut([restore(folder, "d"), restore(inner, "i", folder), restore(other, "e", rootId, 1)], {
    ...options,
    onChange: ({ path }) => paths.push(path),
  });
  expect(paths).toEqual(["d (restored 2026-11-22 2)", "d (restored 2026-11-22 2)/i"]);
  expect(left).toMatchObject([{ step: { node: other }, reason: "stale" }]);
  expect(namespace.nodes.get(inner)?.parent).toBe(folder);
});

it("V15 a commit that is too large is sent in halves, and any other refusal ends it", async () => {
  const { namespace, commits, options, mkdir, remove } = world((ops) => (ops.length > 2 ? new ProblemError("too-large") : undefined));
  const nodes = ["a", "b", "c", "d", "e"].map((name) => mkdir(name));
  for (const node of nodes) remove(node);
  const told: number[] = [];
  const steps = nodes.map((node, index) => restore(node, `n${index}`));
  expect(await carryOut(steps, { ...options, onProgress: (done, total) => told.push(done, total) })).toEqual([]);
  expect(commits).toEqual([5, 3, 2, 1, 2]);
  expect(told).toEqual([5, 5]);
  expect(namespace.nodes.size).toBe(5);
  const cut = world(() => new UnreachableError("gone"));
  await expect(carryOut(steps, cut.options)).rejects.toThrow("gone");
  const stopped = new AbortController();
  stopped.abort(new Error("stopped"));
  await expect(carryOut(steps, { ...options, signal: stopped.signal })).rejects.toThrow("stopped");
});
