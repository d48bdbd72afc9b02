import type { NodeId } from "@ashlar/shared/ids";
import { type Disk, DiskError, type RelativePath, type Stat } from "../ports.ts";
import { isStill, mayBe } from "./difference.ts";
import type { IgnoreRules } from "./ignore.ts";
import { comparePaths, joinPath, parentPath, pathOf, spellingOf } from "./path.ts";
import type { Survey } from "./survey.ts";
import type { Hindrance, LocalNode, LocalView } from "./types.ts";
import { unreadable } from "./unreadable.ts";
import { listOrHinder } from "./walk.ts";

/** Where something is not synced now, and why. */
export type WaitingPlace = Pick<Hindrance, "path" | "detail">;

export type AwayOptions = {
  readonly disk: Pick<Disk, "stat" | "list">;
  readonly view: LocalView;
  readonly rootId: NodeId;
  readonly ignore: IgnoreRules;
  /** What earlier scans met: this one need not have come by. */
  readonly waiting?: readonly WaitingPlace[];
  readonly signal?: AbortSignal;
};

/**
 * Of the nodes that are missing and were not found, those that are not gone: they were moved to where nothing is synced now.
 * They stay what they were until that ends, and then are found as moves. Each is told of, but for what is in a folder that is.
 */
export async function awayOf(lost: ReadonlyMap<NodeId, LocalNode>, survey: Survey, options: AwayOptions): Promise<ReadonlySet<NodeId>> {
  const { view, rootId } = options;
  const where = await find([...lost.values()], survey, options);
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

const because = ({ path, detail }: WaitingPlace): string => `${path}, which is not synced because ${detail}`;

/** The folders that it was in, as far up as they are lost as well. */
function lostAbove(lost: ReadonlyMap<NodeId, LocalNode>, node: LocalNode): LocalNode[] {
  const above: LocalNode[] = [];
  for (let at = lost.get(node.parent); at !== undefined; at = lost.get(at.parent)) above.push(at);
  return above;
}

/** By names and stats, and a file also if it was written to since. Nothing there is watched, and no folder there gets a node. */
async function find(lost: readonly LocalNode[], survey: Survey, options: AwayOptions): Promise<Map<NodeId, string>> {
  const found = new Map<NodeId, string>();
  const byInode = Map.groupBy(lost, ({ stat }) => stat.inode);
  const note = (stat: Stat, how: string) => {
    const { kind } = stat;
    const nodes =
      kind === "other" ? [] : (byInode.get(stat.inode) ?? []).filter((node) => mayBe(node, { kind, stat }) || isStill(node, stat));
    for (const { id } of nodes) if (!found.has(id)) found.set(id, how);
  };
  const places = await waitingPlaces(survey, options);
  for (const place of places) for (const stat of place.stats) note(stat, `it was moved to ${because(place)}`);
  const seen = new Set<RelativePath>();
  for (const place of places) {
    const paths = place.stats.some(({ kind }) => kind === "folder") ? [place.path] : [];
    for (let path = paths.pop(); path !== undefined && found.size < lost.length; path = paths.pop()) {
      options.signal?.throwIfAborted();
      if (seen.has(path)) continue;
      seen.add(path);
      const listed = await listOrHinder(path, survey, options);
      for (const { name, stat } of listed?.entries ?? []) {
        const at = joinPath(path, name);
        // Whoever moves something to where it is ignored takes it out of the sync.
        if (options.ignore.ignores(at, stat.kind)) continue;
        if (stat.kind === "folder") paths.push(at);
        note(stat, `it was moved into ${because(place)}`);
      }
    }
  }
  return found;
}

type Place = WaitingPlace & { readonly stats: readonly Stat[] };

/** What this scan met, and what earlier ones did and this one did not come by. */
async function waitingPlaces(survey: Survey, options: AwayOptions): Promise<Place[]> {
  const { waiting = [], view, rootId } = options;
  const places = new Map<RelativePath, Place>();
  for (const { hindrance, stat } of survey.hindered()) {
    const { path } = hindrance;
    places.set(path, { ...hindrance, stats: [...(places.get(path)?.stats ?? []), stat] });
  }
  for (const place of waiting) {
    // What a known folder holds, the scan itself can tell.
    if (places.has(place.path) || isKnown(place.path, view, rootId)) continue;
    places.set(place.path, { ...place, stats: await statsAt(place.path, survey, options) });
  }
  return [...places.values()].toSorted((a, b) => comparePaths(a.path, b.path));
}

function isKnown(path: RelativePath, view: LocalView, rootId: NodeId): boolean {
  let at: NodeId | undefined = rootId;
  for (const name of path.split("/")) at = at && view.folders(at).find((node) => spellingOf(node) === name)?.id;
  return at !== undefined;
}

/** A name that is not valid UTF-8 is shown in another form than the disk has it in: only its folder's listing finds it. */
async function statsAt(path: RelativePath, survey: Survey, { disk, ignore }: AwayOptions): Promise<readonly Stat[]> {
  try {
    // The rules that hold there were never entered by a scan that looked elsewhere.
    await ignore.reach(path);
    const folder = parentPath(path);
    const entries = path.includes("\uFFFD") ? await disk.list(folder) : [];
    const listed = entries.filter(({ name }) => joinPath(folder, name) === path).map(({ stat }) => stat);
    const stat = listed.length > 0 ? undefined : await disk.stat(path);
    const stats = stat === undefined ? listed : [stat];
    return stats.filter(({ kind }) => !ignore.ignores(path, kind));
  } catch (error) {
    const hindrance = unreadable(path, error);
    if (error instanceof DiskError && error.code !== "absent" && error.code !== "outside") survey.hindrances.push(hindrance);
    return [];
  }
}
