/** Trees to compare, and a device that takes a namespace back to a moment, over the real server code. */
import { RewindFacts } from "@ashlar/shared/history/rewind-facts";
import { planRewind, type RewindPlan } from "@ashlar/shared/history/rewind-plan";
import { inCommits, opOf, type Step } from "@ashlar/shared/history/steps";
import { opIdSchema, type NodeId, type OpId } from "@ashlar/shared/ids";
import { readRewind } from "../../src/history/rewind.ts";
import { readVersion } from "../../src/namespace/version.ts";
import { rootId, type World } from "./namespace-world.ts";

type Row = {
  node_id: NodeId;
  parent_id: NodeId | null;
  name: string;
  kind: string;
  mode: number;
  spelling: string | null;
  manifest: string | null;
};

/** Every live node by its path: which it is, what it holds, its mode. */
export function treeOf(world: World): Map<string, unknown> {
  const rows = world.db.raw
    .prepare(
      `SELECT n.node_id, n.parent_id, n.name, n.kind, n.mode, n.spelling, v.manifest FROM nodes n
       LEFT JOIN versions v ON v.user_id = n.user_id AND v.node_id = n.node_id AND v.version = n.version
       WHERE n.user_id = ?1 AND n.deleted_at IS NULL`,
    )
    .all(world.user) as Row[];
  const byId = new Map(rows.map((row) => [row.node_id, row]));
  const path = (row: Row): string => {
    const parent = row.parent_id === null ? undefined : byId.get(row.parent_id);
    return parent === undefined ? "" : `${path(parent)}/${row.name}`;
  };
  const entries = rows.map((row): [string, unknown] => {
    const { node_id: node, kind, mode, spelling, manifest } = row;
    return [path(row), { node, kind, mode, spelling, manifest }];
  });
  return new Map(entries.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/** Every content that was ever saved. */
export function contentsOf(world: World): Set<string> {
  const rows = world.db.raw.prepare("SELECT node_id || manifest AS content FROM versions WHERE user_id = ?1").all(world.user);
  return new Set(rows.map((row) => String(row["content"])));
}

export async function readFacts(world: World, to: number, limit?: number): Promise<RewindFacts> {
  const facts = new RewindFacts();
  for (let after: number | null = null; ;) {
    const page = await readRewind(world.db, { user: world.user, to, after, now: world.time, ...(limit !== undefined && { limit }) });
    facts.add(page);
    if (page.next === null) return facts;
    after = page.next;
  }
}

export async function planTo(world: World, to: number, scope: NodeId = rootId, limit?: number): Promise<RewindPlan> {
  return planRewind(await readFacts(world, to, limit), { scope, date: "2026-11-22" });
}

let counter = 0;
const newOp = (): OpId => opIdSchema.parse(`step-${String((counter += 1))}`.padEnd(22, "_"));

/** Sends the steps in commits of at most `opsMax`, the first `commits` of them; answers the reasons of what was refused. */
export async function carryOut(
  world: World,
  steps: readonly Step[],
  opsMax: number,
  commits = Number.POSITIVE_INFINITY,
): Promise<string[]> {
  const refused: string[] = [];
  for (const [index, batch] of inCommits(steps, opsMax).entries()) {
    if (index >= commits) break;
    const ops = await Promise.all(batch.map(async (step) => opOf(step, newOp(), await manifestOf(world, step))));
    const { results } = await world.commit(ops);
    for (const result of results) if (result.status === "conflict") refused.push(result.reason);
  }
  return refused;
}

async function manifestOf(world: World, step: Step): Promise<string> {
  if (step.do !== "update") return "";
  if (step.manifest !== null) return step.manifest;
  return (await readVersion(world.db, world.bucket, { user: world.user, node: step.node, version: step.version })).manifest;
}
