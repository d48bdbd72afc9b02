/** What a person does to files and folders. Each answers with what was done, what was refused, and how to take it back. */
import type { NodeId } from "@ashlar/shared/ids";
import type { Op } from "@ashlar/shared/protocol/commit";
import { newNodeId, newOpId } from "../platform/random.ts";
import { conflictText } from "./conflicts.ts";
import type { Entry } from "./entry.ts";
import type { Answered, Library } from "./library.ts";

export type Outcome = {
  readonly done: number;
  /** For a person, one sentence each. */
  readonly refused: readonly string[];
  /** Undefined when there is nothing to take back. */
  readonly undo: (() => Promise<Outcome>) | undefined;
};

const folderMode = 0o755;

export async function makeFolder(
  library: Library,
  parent: NodeId,
  name: string,
  node: NodeId = newNodeId(),
): Promise<Outcome & { readonly node: NodeId }> {
  const answered = await library.commit([{ op: "mkdir", opId: newOpId(), node, parent, name, mode: folderMode }]);
  return { ...outcomeOf(library, answered, () => name, inverseOfNew), node };
}

export function rename(library: Library, entry: Entry, name: string): Promise<Outcome> {
  return relocate(library, [entry], () => ({ parent: entry.parent, name }));
}

export function moveTo(library: Library, entries: readonly Entry[], parent: NodeId): Promise<Outcome> {
  const moving = entries.filter((entry) => entry.parent !== parent && entry.node !== parent);
  return relocate(library, moving, ({ name }) => ({ parent, name }));
}

type Place = { readonly parent: NodeId; readonly name: string };

async function relocate(library: Library, entries: readonly Entry[], placeOf: (entry: Entry) => Place): Promise<Outcome> {
  if (entries.length === 0) return { done: 0, refused: [], undo: undefined };
  const before = new Map(entries.map((entry) => [entry.node, entry]));
  const ops = entries.map((entry) => ({ op: "move" as const, opId: newOpId(), node: entry.node, baseRev: entry.rev, ...placeOf(entry) }));
  const answered = await library.commit(ops);
  return outcomeOf(
    library,
    answered,
    (op) => before.get(op.node)?.name ?? "",
    ({ op, result }) => {
      const entry = before.get(op.node);
      if (entry === undefined || result.status !== "applied") return undefined;
      return { op: "move", opId: newOpId(), node: op.node, baseRev: result.rev, parent: entry.parent, name: entry.name };
    },
  );
}

/** Folders with all that is in them. */
export async function remove(library: Library, entries: readonly Entry[], signal: AbortSignal): Promise<Outcome> {
  // Shown at once; what is inside is asked for meanwhile.
  const doomed: Entry[] = [];
  for (const entry of entries) doomed.push(...(await withAllBelow(library, entry, signal)));
  const byNode = new Map(doomed.map((entry) => [entry.node, entry]));
  const ops = doomed.map(({ node, rev }) => ({ op: "delete" as const, opId: newOpId(), node, baseRev: rev }));
  const answered = await library.commit(ops);
  const top = new Set(entries.map(({ node }) => node));
  const outcome = outcomeOf(
    library,
    answered,
    (op) => byNode.get(op.node)?.name ?? "",
    ({ op, result }) => {
      const entry = byNode.get(op.node);
      if (entry === undefined || result.status !== "applied") return undefined;
      return { op: "restore", opId: newOpId(), node: op.node, baseRev: result.rev, parent: entry.parent, name: entry.name };
    },
  );
  return { ...outcome, done: answered.filter(({ op, result }) => top.has(op.node) && result.status === "applied").length };
}

/** Each after all that is below it, as the server wants them deleted. */
async function withAllBelow(library: Library, entry: Entry, signal: AbortSignal): Promise<Entry[]> {
  if (entry.kind !== "folder") return [entry];
  const below: Entry[] = [];
  for (let after: string | null = null; ;) {
    const page = await library.connection.edge.tree(entry.node, after, signal);
    for (const child of page.children) below.push(...(await withAllBelow(library, { ...child, isDeleted: false }, signal)));
    after = page.next;
    if (after === null) break;
  }
  return [...below, entry];
}

function inverseOfNew({ op, result }: Answered): Op | undefined {
  return result.status === "applied" ? { op: "delete", opId: newOpId(), node: op.node, baseRev: result.rev } : undefined;
}

/** Taken back in the opposite order: a folder is there again before what was in it. */
function outcomeOf(
  library: Library,
  answered: readonly Answered[],
  nameOf: (op: Op) => string,
  inverseOf: (answered: Answered) => Op | undefined,
): Outcome {
  const refused = answered.flatMap(({ op, result }) =>
    result.status === "conflict"
      ? [conflictText(result.reason, result.reason === "name-taken" && "name" in op ? op.name : nameOf(op))]
      : [],
  );
  const inverse = answered
    .map(inverseOf)
    .filter((op) => op !== undefined)
    .toReversed();
  return {
    done: answered.length - refused.length,
    refused,
    undo: inverse.length === 0 ? undefined : async () => outcomeOf(library, await library.commit(inverse), nameOf, () => undefined),
  };
}
