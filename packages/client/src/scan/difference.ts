import type { NodeId } from "@ashlar/shared/ids";
import { racyMs } from "@ashlar/shared/limits";
import type { Stat } from "../ports.ts";
import type { LocalNode, Observation } from "./types.ts";
import type { Entry } from "./vet.ts";

/** What is new about a node that was recognised in this entry of the folder `parent`; undefined when nothing is. */
export function difference(node: LocalNode, entry: Entry, parent: NodeId): Observation | undefined {
  const { name, spelling, stat } = entry;
  if (node.parent !== parent || node.name !== name || node.spelling !== spelling) {
    return { type: "moved", id: node.id, parent, name, spelling, stat };
  }
  const other = stat.inode !== node.stat.inode;
  const mode = stat.mode !== node.stat.mode;
  if (node.kind === "folder") return other || mode ? { type: "changed", id: node.id, stat, content: false } : undefined;
  const content = other || isModified(node.stat, stat) || isRacy(node);
  return content || mode ? { type: "changed", id: node.id, stat, content } : undefined;
}

/**
 * Whether an entry may be this node under another name. Inodes are used again after a deletion, so for content the
 * same inode is not enough; ctime is no help, a rename changes it.
 */
export function mayBe(node: LocalNode, entry: Pick<Entry, "kind" | "stat">): boolean {
  if (node.kind !== entry.kind || node.stat.inode !== entry.stat.inode) return false;
  return node.kind === "folder" || (node.stat.size === entry.stat.size && node.stat.mtimeNs === entry.stat.mtimeNs);
}

/**
 * Whether the file is the node's still, whatever was written to it since it was last seen. An inode that was used again for
 * another file was born after that, by the same clock; where the disk does not tell, nobody knows.
 */
export function isStill(node: LocalNode, stat: Stat): boolean {
  if (node.kind !== "file" || stat.kind !== "file" || node.stat.inode !== stat.inode) return false;
  return stat.bornMs !== undefined && stat.bornMs > 0 && stat.bornMs <= Number(node.stat.ctimeNs) / 1_000_000;
}

/** chmod and link change ctime as well: better one reading too many than an edit unseen that kept size and mtime. */
function isModified(before: Stat, after: Stat): boolean {
  return before.size !== after.size || before.mtimeNs !== after.mtimeNs || before.ctimeNs !== after.ctimeNs;
}

/** A file that is still to be read needs no second reason; one dated far ahead has no clock to be within a tick of. */
function isRacy(node: LocalNode): boolean {
  const mtimeMs = Number(node.stat.mtimeNs) / 1_000_000;
  return node.manifest !== null && Math.abs(node.seenAtMs - mtimeMs) < racyMs;
}
