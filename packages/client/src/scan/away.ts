import type { NodeId } from "@ashlar/shared/ids";
import type { Disk, RelativePath } from "../ports.ts";
import { mayBe } from "./difference.ts";
import type { IgnoreRules } from "./ignore.ts";
import { comparePaths, joinPath, pathOf, spellingOf } from "./path.ts";
import type { Survey } from "./survey.ts";
import type { Hindrance, LocalNode, LocalView } from "./types.ts";
import { unreadable } from "./unreadable.ts";
import { listOrHinder } from "./walk.ts";

/** A folder that is not synced now, and why. */
export type WaitingFolder = Pick<Hindrance, "path" | "detail">;

export type AwayOptions = {
  readonly disk: Pick<Disk, "list">;
  readonly view: LocalView;
  readonly rootId: NodeId;
  readonly ignore: IgnoreRules;
  /** What earlier scans met: this one need not have come by. */
  readonly waiting?: readonly WaitingFolder[];
  readonly signal?: AbortSignal;
};

/**
 * Of the nodes that are missing and were not found, those that are not gone: they were moved to where nothing is synced now.
 * They stay what they were until that ends, and then are found as moves. Each is told of, but for what is in a folder that is.
 */
export async function awayOf(lost: ReadonlyMap<NodeId, LocalNode>, survey: Survey, options: AwayOptions): Promise<ReadonlySet<NodeId>> {
  const { view, rootId } = options;
  const where = new Map<NodeId, string>();
  for (const node of lost.values()) {
    const at = survey.hinderedAs(node);
    if (at !== undefined) where.set(node.id, `it was moved to ${because(at)}`);
  }
  const rest = [...lost.values()].filter(({ id }) => !where.has(id));
  for (const [id, folder] of await findBelow(rest, survey, options)) where.set(id, `it was moved into ${because(folder)}`);

  const away = new Set<NodeId>();
  const told = new Map<RelativePath, string>();
  const placeOf = (node: LocalNode) => pathOf(view, rootId, node) ?? spellingOf(node);
  const byPath = [...lost.values()].map((node) => ({ node, path: placeOf(node) }));
  for (const { node, path } of byPath.toSorted((a, b) => comparePaths(a.path, b.path))) {
    const above = lostAbove(lost, node);
    const isBelow = above.some(({ id }) => where.has(id));
    const detail = where.get(node.id);
    if (isBelow || detail !== undefined) away.add(node.id);
    if (isBelow || detail === undefined) continue;
    told.set(path, detail);
    // A folder cannot go before what was in it has another place.
    for (const folder of above) {
      if (away.has(folder.id)) continue;
      away.add(folder.id);
      told.set(placeOf(folder), `${spellingOf(node)} was in it: ${detail}`);
    }
  }
  for (const [path, detail] of told) survey.hindrances.push({ path, reason: "moved-away", detail });
  return away;
}

const because = ({ path, detail }: WaitingFolder): string => `${path}, which is not synced because ${detail}`;

/** The folders that it was in, as far up as they are lost as well. */
function lostAbove(lost: ReadonlyMap<NodeId, LocalNode>, node: LocalNode): LocalNode[] {
  const above: LocalNode[] = [];
  for (let at = lost.get(node.parent); at !== undefined; at = lost.get(at.parent)) above.push(at);
  return above;
}

/** By names and stats. Nothing there is watched, and no folder there gets a node. */
async function findBelow(lost: readonly LocalNode[], survey: Survey, options: AwayOptions): Promise<Map<NodeId, WaitingFolder>> {
  const found = new Map<NodeId, WaitingFolder>();
  if (lost.length === 0) return found;
  const byInode = Map.groupBy(lost, ({ stat }) => stat.inode);
  const seen = new Set<RelativePath>();
  for (const folder of waitingFolders(survey, options)) {
    const paths = (await isReached(folder, survey, options)) ? [folder.path] : [];
    for (let path = paths.pop(); path !== undefined; path = paths.pop()) {
      options.signal?.throwIfAborted();
      if (seen.has(path)) continue;
      seen.add(path);
      // An earlier scan may have met a file, or what is no longer there: that lists nothing.
      const listed = await listOrHinder(path, survey, options);
      for (const { name, stat } of listed?.entries ?? []) {
        const { kind } = stat;
        const at = joinPath(path, name);
        // Whoever moves something to where it is ignored takes it out of the sync.
        if (kind === "other" || options.ignore.ignores(at, kind)) continue;
        if (kind === "folder") paths.push(at);
        const node = byInode.get(stat.inode)?.find((one) => !found.has(one.id) && mayBe(one, { kind, stat }));
        if (node !== undefined) found.set(node.id, folder);
      }
    }
  }
  return found;
}

function waitingFolders(survey: Survey, { waiting = [], view, rootId }: AwayOptions): WaitingFolder[] {
  const folders = new Map<RelativePath, WaitingFolder>();
  // What a known folder holds, the scan itself can tell.
  for (const folder of waiting) if (!isKnown(folder.path, view, rootId)) folders.set(folder.path, folder);
  for (const folder of survey.hinderedFolders()) folders.set(folder.path, folder);
  return [...folders.values()].toSorted((a, b) => comparePaths(a.path, b.path));
}

function isKnown(path: RelativePath, view: LocalView, rootId: NodeId): boolean {
  let at: NodeId | undefined = rootId;
  for (const name of path.split("/")) at = at && view.folders(at).find((node) => spellingOf(node) === name)?.id;
  return at !== undefined;
}

/** The rules that hold there were never entered by a scan that looked elsewhere. */
async function isReached({ path }: WaitingFolder, survey: Survey, { ignore }: AwayOptions): Promise<boolean> {
  try {
    await ignore.reach(path);
    return true;
  } catch (error) {
    survey.hindrances.push(unreadable(path, error));
    return false;
  }
}
