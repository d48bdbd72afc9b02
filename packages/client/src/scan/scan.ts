import type { NodeId } from "@ashlar/shared/ids";
import { awayOf, type WaitingPlace } from "./away.ts";
import { type Disk, DiskError, type RelativePath, type Stat } from "../ports.ts";
import { mayBe } from "./difference.ts";
import { DirtyFolders } from "./dirty-folders.ts";
import { firstLook } from "./first-look.ts";
import { Identity } from "./identity.ts";
import type { IgnoreRules } from "./ignore.ts";
import { comparePaths, pathOf } from "./path.ts";
import { type OpenEntry, Survey } from "./survey.ts";
import { TakeOver } from "./take-over.ts";
import type { LocalNode, LocalView, Observation, ScanResult } from "./types.ts";
import { unreadable } from "./unreadable.ts";
import { type Visit, walk } from "./walk.ts";

export type ScanOptions = {
  readonly disk: Pick<Disk, "stat" | "list">;
  /** What the last scan left. */
  readonly view: LocalView;
  readonly rootId: NodeId;
  /** Folders in which something happened, by path as the disk spells it; paths that are no longer there are fine. */
  readonly folders: "all" | ReadonlySet<RelativePath>;
  /** Those of the folders below which everything is to be looked at. */
  readonly deep?: ReadonlySet<RelativePath>;
  /** A known folder that was moved need not be looked into now: whoever asks does so later, by `deep`. */
  readonly takesOver?: boolean;
  /** What hindered earlier scans: what is missing now may have been moved there. */
  readonly waiting?: readonly WaitingPlace[];
  readonly ignore: IgnoreRules;
  /** Given when nothing is known yet, the view is empty: then what is found is told here bit by bit, and not with the result. */
  readonly tell?: ((observations: readonly Observation[]) => void) | undefined;
  /** An id for an entry seen for the first time. */
  newId(): NodeId;
  /** Called when a folder is about to be listed, so that its watch is armed before what is in it is looked at. */
  onFolder?(path: RelativePath): void;
  readonly signal?: AbortSignal;
};

/**
 * Compares the disk with what was last seen there. Reads names and stats only, writes nothing; new and moved folders
 * are walked in depth. The observations, applied in their order, turn the view into what is on the disk.
 *
 * Rejects with DiskError `root-gone`, or the signal's reason. Every other failure is a hindrance of the item it
 * happened to: what could not be looked at is unknown and never vanishes (I5, I6).
 */
export async function scan(options: ScanOptions): Promise<ScanResult> {
  const { disk, view, rootId, folders } = options;
  if (options.tell !== undefined) return firstLook(options, options.tell);
  if (options.takesOver !== true || folders === "all") return look(options);
  const takeOver = new TakeOver(disk, view, rootId);
  const quick = await look(options, takeOver);
  const { taken, hasNewRules } = takeOver;
  const isMove = ({ type, id }: Observation) => type === "moved" && taken.has(id);
  // Whatever else is new may have come from where nobody has looked, or have gone there.
  const isAll = taken.size === 0 || (quick.observations.length === taken.size && quick.observations.every(isMove));
  if (isAll) return { ...quick, unseen: [...taken] };
  return look(hasNewRules ? { ...options, deep: folders } : options);
}

async function look(options: ScanOptions, takeOver?: TakeOver): Promise<ScanResult> {
  const { disk, view, rootId, ignore } = options;
  const survey = new Survey(view, ignore);
  const visits = await plannedVisits(options, survey);
  const open = await walk(visits, survey, {
    disk,
    view,
    ignore,
    onFolder: options.onFolder?.bind(options),
    signal: options.signal,
    takeOver,
  });

  const identity = new Identity(survey, view, () => options.newId());
  const files = identity.folders(open);
  addBelowMissing(survey, view);
  await addMovedAway(files, survey, options);
  identity.files(files);
  const lost = new Map([...survey.missing].filter(([id]) => !survey.found.has(id)));
  const away = lost.size === 0 ? undefined : await awayOf(lost, survey, options);

  return {
    observations: [
      ...inPathOrder(survey),
      ...vanished(
        [...lost.values()].filter(({ id }) => away?.has(id) !== true),
        view,
        rootId,
      ),
    ],
    hindrances: survey.hindrances.toSorted((a, b) => comparePaths(a.path, b.path)),
    ignored: survey.ignored.toSorted(),
    foldersSeen: survey.foldersSeen,
    entriesSeen: survey.entriesSeen,
    unseen: [],
  };
}

async function plannedVisits({ disk, view, rootId, folders, deep = new Set(), ignore }: ScanOptions, survey: Survey): Promise<Visit[]> {
  if (folders === "all") return [{ path: "", id: rootId, inode: undefined, deep: true }];
  const dirty = new DirtyFolders(disk, view, rootId);
  const visits = await dirty.visits(folders, deep);
  survey.hindrances.push(...dirty.hindrances);
  const reached: Visit[] = [];
  for (const visit of visits) {
    try {
      await ignore.reach(visit.path);
      reached.push(visit);
    } catch (error) {
      // Without the rules that hold in it, nothing in the folder may be looked at.
      survey.hindrances.push(unreadable(visit.path, error));
    }
  }
  return reached;
}

/** What was in a folder that is gone is gone with it, except where it was found elsewhere. */
function addBelowMissing(survey: Survey, view: LocalView): void {
  // A map's iteration reaches what is added meanwhile, and so every depth.
  for (const node of survey.missing.values()) {
    if (node.kind !== "folder" || survey.found.has(node.id) || survey.isHindered(node)) continue;
    for (const child of view.children(node.id)) if (!survey.found.has(child.id)) survey.missing.set(child.id, child);
  }
}

/**
 * A file may have come from a folder that this scan did not list, because the event from there is still under way. It
 * has moved if it is no longer there; else the two are hard links, and two nodes.
 */
async function addMovedAway(files: readonly OpenEntry[], survey: Survey, { disk, view, rootId }: ScanOptions): Promise<void> {
  for (const { entry } of files) {
    const node = view.byInode(entry.stat.inode);
    if (node === undefined || node.kind === "folder" || !mayBe(node, entry)) continue;
    if (survey.listed.has(node.parent) || survey.missing.has(node.id)) continue;
    const path = pathOf(view, rootId, node);
    if (path !== undefined && (await isElsewhere(disk, path, node.stat))) survey.missing.set(node.id, node);
  }
}

async function isElsewhere(disk: Pick<Disk, "stat">, path: RelativePath, before: Stat): Promise<boolean> {
  try {
    return (await disk.stat(path))?.inode !== before.inode;
  } catch (error) {
    if (!(error instanceof DiskError) || error.code === "root-gone") throw error;
    // What stands there cannot be known, so it may well be this file under a second name.
    return false;
  }
}

/** Top-down in the new tree, so that whatever a node is put into is in its place by then. */
function inPathOrder({ placed }: Survey): Observation[] {
  return placed.toSorted((a, b) => comparePaths(a.path, b.path)).map(({ observation }) => observation);
}

/** Bottom-up in the old tree. */
function vanished(gone: readonly LocalNode[], view: LocalView, rootId: NodeId): Observation[] {
  const byPath = gone.map((node) => ({ path: pathOf(view, rootId, node) ?? "", id: node.id }));
  return byPath.toSorted((a, b) => comparePaths(b.path, a.path)).map(({ id }) => ({ type: "vanished", id }));
}
