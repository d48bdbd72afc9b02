import type { NodeId } from "@ashlar/shared/ids";
import { type DirEntry, type Disk, DiskError, type RelativePath } from "../ports.ts";
import { type IgnoreRules, ignoreFileName } from "./ignore.ts";
import { joinPath } from "./path.ts";
import type { Listing, OpenEntry, Survey } from "./survey.ts";
import type { TakeOver } from "./take-over.ts";
import type { LocalNode, LocalView } from "./types.ts";
import { unreadable } from "./unreadable.ts";
import { vet } from "./vet.ts";

/** Folders listed at once. */
export const foldersAtOnce = 8;

/** A folder to list. */
export type Visit = {
  readonly path: RelativePath;
  /** Undefined while it is open which node it is: new, moved in or replaced. Then all below it is walked. */
  readonly id: NodeId | undefined;
  readonly inode: string | undefined;
  /** Its known folders are to be listed as well. */
  readonly deep: boolean;
};

export type WalkOptions = {
  readonly disk: Pick<Disk, "list">;
  readonly view: LocalView;
  readonly ignore: IgnoreRules;
  readonly onFolder: ((path: RelativePath) => void) | undefined;
  readonly signal: AbortSignal | undefined;
  /** Undefined: whatever was moved is walked. */
  readonly takeOver: TakeOver | undefined;
};

/** Lists folders, fills the survey, and returns the entries whose identity is open. */
export async function walk(visits: readonly Visit[], survey: Survey, options: WalkOptions): Promise<OpenEntry[]> {
  const open: OpenEntry[] = [];
  const waiting = visits.toReversed();
  const seen = new Set<RelativePath>();
  while (waiting.length > 0) {
    options.signal?.throwIfAborted();
    const batch = waiting.splice(-foldersAtOnce).filter(({ path }) => !seen.has(path));
    for (const { path } of batch) seen.add(path);
    const outcomes = await Promise.allSettled(batch.map((visit) => visitFolder(visit, survey, open, options)));
    for (const outcome of outcomes) {
      if (outcome.status === "rejected") throw outcome.reason;
      for (const visit of outcome.value) waiting.push(visit);
    }
  }
  return open;
}

/** Returns the folders to list next. */
async function visitFolder(visit: Visit, survey: Survey, open: OpenEntry[], options: WalkOptions): Promise<readonly Visit[]> {
  // The watch first: what happens from here on is told, what happened before is listed.
  options.onFolder?.(visit.path);
  const listed = await listOrHinder(visit.path, survey, options);
  if (listed === undefined) return [];
  const { takeOver } = options;
  const deep = visit.deep || listed.rulesChanged;
  if (takeOver !== undefined && listed.rulesChanged) takeOver.hasNewRules = true;
  // While its identity is open, the inode tells which names are likely known.
  const node = visit.id ?? (visit.inode === undefined ? undefined : options.view.byInode(visit.inode)?.id);
  const children = node === undefined ? [] : options.view.children(node);
  const known = new Map<string, LocalNode>();
  for (const child of children) known.set(child.name, child);
  const listing: Listing = { path: visit.path, ...vet(visit.path, listed.entries, known, options.ignore) };
  survey.foldersSeen++;
  survey.entriesSeen += listed.entries.length;
  survey.hinder(listing.hindered);

  if (visit.id === undefined) survey.unnamed.set(visit.path, listing);
  else survey.account(listing, visit.id, open, children);

  const next: Visit[] = [];
  for (const entry of listing.entries) {
    const { kind, name, path, stat } = entry;
    if (kind !== "folder") continue;
    const child = visit.id === undefined ? undefined : known.get(name);
    if (child?.kind === "folder" && child.stat.inode === stat.inode) {
      if (deep) next.push({ path, id: child.id, inode: stat.inode, deep });
    } else if (takeOver === undefined || !(await takeOver.takes(entry))) {
      next.push({ path, id: undefined, inode: stat.inode, deep: true });
    }
  }
  return next;
}

/** Undefined when what the folder holds is unknown: it is unreadable, or went away meanwhile (its parent tells of that). */
export async function listOrHinder(
  path: RelativePath,
  survey: Pick<Survey, "hindrances">,
  { disk, ignore }: Pick<WalkOptions, "disk" | "ignore">,
): Promise<{ entries: readonly DirEntry[]; rulesChanged: boolean } | undefined> {
  let at = path;
  try {
    const entries = await disk.list(path);
    at = joinPath(path, ignoreFileName);
    const rulesChanged = await ignore.enter(path, entries.find(({ name }) => name === ignoreFileName)?.stat);
    return { entries, rulesChanged };
  } catch (error) {
    const hindrance = unreadable(at, error);
    const gone = error instanceof DiskError && (error.code === "absent" || error.code === "outside");
    if (!gone || at !== path) survey.hindrances.push(hindrance);
    return undefined;
  }
}
