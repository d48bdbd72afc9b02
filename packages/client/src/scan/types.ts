import type { NodeId } from "@ashlar/shared/ids";
import type { RelativePath, Stat } from "../ports.ts";

export type Kind = "file" | "folder" | "symlink";

/** A node as the last scan saw it on this disk. */
export type LocalNode = {
  readonly id: NodeId;
  readonly parent: NodeId;
  /** In NFC, as the wire has it. */
  readonly name: string;
  /** As the disk has it, where that differs. */
  readonly spelling: string | undefined;
  readonly kind: Kind;
  readonly stat: Stat;
  /** When it was looked at, ms, or what stands for that: a file modified that shortly before is looked into again (git's racy rule). */
  readonly seenAtMs: number;
  /** Null while its content has not been read since it last changed; folders have none. */
  readonly manifest: string | null;
};

/** The local tree as the scan needs it, without the root. */
export type LocalView = {
  get(id: NodeId): LocalNode | undefined;
  children(parent: NodeId): readonly LocalNode[];
  /** Those of the children that are folders. */
  folders(parent: NodeId): readonly LocalNode[];
  /** A few of the children, as many as asked for if there are. */
  some(parent: NodeId, count: number): readonly LocalNode[];
  byInode(inode: string): LocalNode | undefined;
};

/** What the scan found different from the local tree; the engine writes it there. A parent comes before its children. */
export type Observation =
  | { type: "appeared"; id: NodeId; parent: NodeId; name: string; spelling: string | undefined; kind: Kind; stat: Stat }
  /** The same node elsewhere: recognised by inode, so a file's content is to be read again (no byte of it is sent if it is the same). */
  | { type: "moved"; id: NodeId; parent: NodeId; name: string; spelling: string | undefined; stat: Stat }
  /** Its stat differs. `content` says that what it holds may differ too. */
  | { type: "changed"; id: NodeId; stat: Stat; content: boolean }
  | { type: "vanished"; id: NodeId };

/** `moved-away`: a known node that stands where nothing is synced now; its hindrance has the path that it had. */
export type WaitReason = "unreadable" | "bad-name" | "clash" | "special-file" | "too-deep" | "moved-away";

/** Something on the disk that cannot be synced now, and why. Known nodes at or below it are unknown, not gone. */
export type Hindrance = { readonly path: RelativePath; readonly reason: WaitReason; readonly detail: string };

export type ScanResult = {
  readonly observations: readonly Observation[];
  readonly hindrances: readonly Hindrance[];
  /**
   * Known nodes that rules ignore now: they are unknown, not gone, and so is everything below them. Nothing about them
   * is observed, whatever happens to them on the disk, so nothing about them is sent or deleted.
   */
  readonly ignored: readonly NodeId[];
  /** Folders that were listed: what they no longer contain has vanished. */
  readonly foldersSeen: number;
  readonly entriesSeen: number;
  /** Folders that have moved and were not looked into. */
  readonly unseen: readonly NodeId[];
};
