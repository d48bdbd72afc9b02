/** What brings one file or folder back: from the trash with all that was deleted with it, or a file to an older version. */
import type { Step } from "@ashlar/shared/history/steps";
import { rootId, type NodeId } from "@ashlar/shared/ids";
import { trashFoldersMax } from "@ashlar/shared/limits";
import type { Found, PastNode, TrashBelow, VersionRow } from "@ashlar/shared/protocol/history";
import { ProblemError } from "@ashlar/shared/protocol/problem";
import type { HistoryEdge } from "../edge/history.ts";

export type RestorePlan = {
  readonly steps: readonly Step[];
  readonly files: number;
  readonly folders: number;
  /** Of the files. */
  readonly bytes: number;
  /** When the first of them was deleted, ms since 1970. */
  readonly firstDeletedAt: number;
};

type TrashReader = Pick<HistoryEdge, "find" | "trashBelow">;

/** Of the last node of `chain`, which is deleted. The folders above it that are gone come back with it, without the rest that was in them. */
export async function planRestore(history: TrashReader, chain: Found["chain"], signal: AbortSignal): Promise<RestorePlan> {
  const top = chain.at(-1);
  if (top === undefined) throw new Error("the root is never deleted");
  const { steps, parent } = await placeAbove(history, chain, signal);
  steps.push(restoreStep(top, parent));
  let [files, folders, bytes, firstDeletedAt] = top.kind === "folder" ? [0, 1, 0, deletedAt(top)] : [1, 0, top.size, deletedAt(top)];
  for await (const node of deletedBelow(history, top, signal)) {
    steps.push(restoreStep(node, node.parent));
    if (node.kind === "folder") folders++;
    else files++;
    bytes += node.size;
    firstDeletedAt = Math.min(firstDeletedAt, deletedAt(node));
  }
  return { steps, files, folders, bytes, firstDeletedAt };
}

const deletedAt = (node: PastNode): number => node.deletedAt ?? Number.POSITIVE_INFINITY;

/** A live file, or one that a step before this one brings back, gets the content of an older version; the version is a new one. */
export function updateTo(node: PastNode, { version, size, mtimeMs, mode }: VersionRow): Step {
  const isDeleted = node.deletedAt !== null;
  const baseRev = node.rev + (isDeleted ? 1 : 0);
  return { do: "update", node: node.node, baseRev, joined: isDeleted, version, manifest: null, size, mtimeMs, mode };
}

function restoreStep({ node, rev, name, spelling }: PastNode, parent: NodeId): Step {
  return { do: "restore", node, baseRev: rev, joined: false, place: { parent, name, spelling } };
}

/** Where there is a folder of the same name by now, it serves as well. */
async function placeAbove(history: TrashReader, chain: Found["chain"], signal: AbortSignal): Promise<{ steps: Step[]; parent: NodeId }> {
  const steps: Step[] = [];
  let parent: NodeId = rootId;
  let path = "";
  for (const folder of chain.slice(0, -1)) {
    path = path === "" ? folder.name : `${path}/${folder.name}`;
    const there = folder.deletedAt === null || steps.length > 0 ? undefined : await liveFolderAt(history, path, signal);
    if (folder.deletedAt !== null && there === undefined) steps.push(restoreStep(folder, parent));
    parent = there ?? folder.node;
  }
  return { steps, parent };
}

async function liveFolderAt(history: TrashReader, path: string, signal: AbortSignal): Promise<NodeId | undefined> {
  try {
    const found = (await history.find(path, signal)).chain.at(-1);
    return found?.kind === "folder" && found.deletedAt === null ? found.node : undefined;
  } catch (error) {
    if (error instanceof ProblemError && error.code === "not-found") return undefined;
    throw error;
  }
}

/** Folder by folder, each before what is in it. */
async function* deletedBelow(history: TrashReader, top: PastNode, signal: AbortSignal): AsyncGenerator<PastNode> {
  const waiting: NodeId[] = top.kind === "folder" ? [top.node] : [];
  while (waiting.length > 0) {
    for (const page of await wholePages(history, waiting.splice(0, trashFoldersMax), signal)) {
      for (const child of page) {
        yield child;
        if (child.kind === "folder") waiting.push(child.node);
      }
    }
  }
}

async function wholePages(history: TrashReader, folders: readonly NodeId[], signal: AbortSignal): Promise<PastNode[][]> {
  const { folders: pages } = await history.trashBelow(folders, null, signal);
  const whole: PastNode[][] = [];
  for (const { folder, children, next } of pages) {
    const all = [...children];
    for (let after = next; after !== null;) {
      const answer: TrashBelow = await history.trashBelow([folder], after, signal);
      const more = answer.folders[0];
      all.push(...(more?.children ?? []));
      after = more?.next ?? null;
    }
    whole.push(all);
  }
  return whole;
}
