/** What each step of a plan leaves behind in the trees, once it has been taken. */
import type { NodeId } from "@ashlar/shared/ids";
import { racyMs } from "@ashlar/shared/limits";
import { decodeManifest } from "@ashlar/shared/manifest";
import type { Stat } from "../ports.ts";
import type { SharedNode } from "./node.ts";
import type { Trees } from "./trees.ts";

type Place = { readonly parent: NodeId; readonly name: string; readonly spelling: string | undefined };

/** `below`: with everything below it that only the server has. */
export function forget(trees: Trees, id: NodeId, below: boolean): void {
  trees.synced.remove(id);
  if (!below) return;
  const children = [...trees.remote.children(id)];
  for (const child of children) {
    if (trees.local.get(child.id) === undefined) forget(trees, child.id, true);
  }
}

/** The local node `id` is the remote one `as`, which so far is not on this disk. */
export function adopt(trees: Trees, id: NodeId, as: NodeId): void {
  if (trees.local.get(as) === undefined) trees.local.rekey(id, as);
}

/** `below`: with everything below it that the server has deleted too. */
export function revive(trees: Trees, id: NodeId, options: { below: boolean; newId: (instead: NodeId) => NodeId }): void {
  const fresh = options.newId(id);
  trees.local.rekey(id, fresh);
  trees.synced.remove(id);
  trees.waiting.removeNode(id);
  const children = [...trees.local.children(fresh)];
  for (const child of children) {
    const agreed = trees.synced.get(child.id);
    if (agreed === undefined || trees.remote.get(child.id) !== undefined) continue;
    if (options.below) revive(trees, child.id, options);
    // It has not moved: its folder has another id.
    else if (agreed.parent === id) trees.synced.put({ ...agreed, parent: fresh });
  }
}

/** A node of the server, as it was when the step began, now stands on this disk with that mode. */
export function placed(trees: Trees, remote: SharedNode, stat: Stat, at: { mode: number; nowMs: number }): void {
  const { id, parent, name, spelling, kind, manifest } = remote;
  const before = trees.local.get(id);
  const place = before ?? { parent, name, spelling };
  trees.local.put({
    id,
    parent: place.parent,
    name: place.name,
    spelling: place.spelling,
    kind,
    stat,
    seenAtMs: believedFromMs(stat, at.nowMs),
    manifest: kind === "folder" ? null : (manifest ?? ""),
  });
  // An edit of it here is to ask about what is new alone.
  for (const { hash } of decodeManifest(manifest ?? "")) trees.serverBlocks.add(hash);
  const agreed = trees.synced.get(id);
  if (agreed === undefined) {
    trees.synced.put({ ...remote, mode: at.mode });
    return;
  }
  const { version, size, mtimeMs, rev } = remote;
  // A mode that was changed here is still to be sent.
  trees.synced.put({ ...agreed, manifest, version, size, mtimeMs, rev, mode: at.mode === remote.mode ? remote.mode : agreed.mode });
}

/**
 * A file that we placed has the time that another device gave it. Who saves it at that moment leaves his own, which is another where
 * times show fractions of a second: there is no tick of the clock to wait for, as there is where a file was read (S9).
 */
function believedFromMs({ mtimeNs }: Stat, nowMs: number): number {
  return mtimeNs.endsWith("000000000") ? nowMs : Math.ceil(Number(mtimeNs) / 1_000_000) + racyMs;
}

export function movedLocally(trees: Trees, id: NodeId, place: Place, stat: Stat): void {
  const local = trees.local.get(id);
  if (local === undefined) return;
  const { parent, name, spelling } = place;
  trees.local.put({ ...local, parent, name, spelling, stat });
  const remote = trees.remote.get(id);
  const synced = trees.synced.get(id);
  const isAgreed = remote !== undefined && remote.parent === parent && remote.name === name;
  if (synced !== undefined && isAgreed) trees.synced.put({ ...synced, parent, name, spelling });
}

/** The file that stood for `id` is a new one of its own; the server's is to be fetched to where it was. */
export function copyKept(trees: Trees, id: NodeId, copy: { id: NodeId; name: string; stat: Stat }): void {
  const local = trees.local.get(id);
  if (local === undefined) return;
  trees.local.rekey(id, copy.id);
  trees.local.put({ ...local, id: copy.id, name: copy.name, spelling: undefined, stat: copy.stat });
  trees.synced.remove(id);
}

export function modeSet(trees: Trees, id: NodeId, mode: number, stat: Stat): void {
  const local = trees.local.get(id);
  const synced = trees.synced.get(id);
  if (local !== undefined) trees.local.put({ ...local, stat });
  if (synced !== undefined) trees.synced.put({ ...synced, mode });
}

export function removedLocally(trees: Trees, id: NodeId): void {
  trees.local.remove(id);
  trees.synced.remove(id);
}

/** What was read, of the file with that stat; `before` is what the trees said when the reading began. False: a scan has seen another file since. */
export function contentRead(trees: Trees, id: NodeId, content: { manifest: string; stat: Stat; before: Stat; nowMs: number }): boolean {
  const local = trees.local.get(id);
  if (local === undefined) return false;
  const { manifest, stat, before, nowMs } = content;
  if (!sameFile(local.stat, before) && !sameFile(local.stat, stat)) return false;
  trees.local.put({ ...local, stat, manifest, seenAtMs: nowMs });
  return true;
}

/** The times of a file change with its content; the mode is another matter. */
export function sameFile(one: Stat, other: Stat): boolean {
  return one.inode === other.inode && one.size === other.size && one.mtimeNs === other.mtimeNs && one.ctimeNs === other.ctimeNs;
}

export function manifestFetched(trees: Trees, id: NodeId, version: number, manifest: string): void {
  const remote = trees.remote.get(id);
  if (remote !== undefined && remote.version === version) trees.remote.put({ ...remote, manifest });
}
