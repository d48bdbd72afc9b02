import type { NodeId } from "@ashlar/shared/ids";
import type { Kind } from "../scan/types.ts";

/** A node of the remote tree as journalled, or of the synced tree as last agreed. */
export type SharedNode = {
  readonly id: NodeId;
  readonly parent: NodeId;
  readonly name: string;
  readonly spelling: string | undefined;
  readonly kind: Kind;
  readonly mode: number;
  readonly rev: number;
  /** 0 for a folder. */
  readonly version: number;
  readonly size: number;
  readonly mtimeMs: number;
  /** Null for a folder, and for a long one that the journal left out and nobody has asked for yet. */
  readonly manifest: string | null;
};

/** How names are compared on this disk: as they are, or without case. */
export type Fold = (name: string) => string;

export const foldExact: Fold = (name) => name;

/** Upper case first: it joins more letters than lower case alone (as `ſ` and `s`). Not every rule of every file system, hence a clash may still show on the disk. */
export const foldCase: Fold = (name) => name.toUpperCase().toLowerCase().normalize("NFC");

/** `mark` is told of every node written; `cachedMax`: how many nodes are kept in memory, 0 where somebody else writes to the database. */
export type TreeOptions = { readonly fold: Fold; readonly mark: (id: NodeId) => void; readonly cachedMax: number };
