import type { NodeId } from "@ashlar/shared/ids";
import type { RelativePath } from "../ports.ts";
import { difference, mayBe } from "./difference.ts";
import type { IgnoreRules } from "./ignore.ts";
import { joinPath, spellingOf } from "./path.ts";
import type { Hindrance, Kind, LocalNode, LocalView, Observation } from "./types.ts";
import type { Entry, Hindered } from "./vet.ts";

/** A folder as it was listed. */
export type Listing = { readonly path: RelativePath; readonly entries: readonly Entry[]; readonly hindered: readonly Hindered[] };

/** An entry that is not what the local tree has there: new, moved in, or replaced. */
export type OpenEntry = {
  readonly entry: Entry;
  /** The folder it is in. */
  readonly folder: NodeId;
  /** The node of the same kind that had this name, and another inode. */
  readonly slot: LocalNode | undefined;
};

export type Placed = { readonly path: RelativePath; readonly observation: Observation };

/** What a scan has learned so far. Of what did not change it keeps nothing, so that memory follows the changes. */
export class Survey {
  readonly #view: LocalView;
  readonly #ignore: Pick<IgnoreRules, "ignores">;
  /** Nodes of listed folders that are not in their place. */
  readonly missing = new Map<NodeId, LocalNode>();
  /** Known folders whose entries are accounted for. */
  readonly listed = new Set<NodeId>();
  /** Nodes that an entry was recognised as. */
  readonly found = new Set<NodeId>();
  /** Folders listed before it is known which node they are, by path. */
  readonly unnamed = new Map<RelativePath, Listing>();
  readonly placed: Placed[] = [];
  readonly hindrances: Hindrance[] = [];
  readonly ignored: NodeId[] = [];
  readonly #hinderedByInode = new Map<string, Hindered[]>();
  foldersSeen = 0;
  entriesSeen = 0;

  constructor(view: LocalView, ignore: Pick<IgnoreRules, "ignores">) {
    this.#view = view;
    this.#ignore = ignore;
  }

  hinder(hindered: readonly Hindered[]): void {
    for (const item of hindered) {
      this.hindrances.push(item.hindrance);
      const same = this.#hinderedByInode.get(item.stat.inode);
      if (same === undefined) this.#hinderedByInode.set(item.stat.inode, [item]);
      else same.push(item);
    }
  }

  /** Whether the node stands somewhere under a name that cannot be synced: then it has not vanished. */
  isHindered(node: LocalNode): boolean {
    return (this.#hinderedByInode.get(node.stat.inode) ?? []).some(
      ({ stat }) => stat.kind !== "other" && mayBe(node, { kind: stat.kind, stat }),
    );
  }

  /** All that stands so. Nothing in the folders among it was looked at. */
  hindered(): readonly Hindered[] {
    return [...this.#hinderedByInode.values()].flat();
  }

  /**
   * Accounts for a listed folder of a known identity: what stands where it stood is compared at once, what is not in its
   * place goes to `missing`, the entries left over go to `open`.
   */
  account(listing: Listing, folder: NodeId, open: OpenEntry[], children = this.#view.children(folder)): void {
    this.listed.add(folder);
    const known = new Map<string, LocalNode>();
    const doubles: LocalNode[] = [];
    for (const node of children) {
      if (this.found.has(node.id)) continue;
      if (known.has(node.name)) doubles.push(node);
      else known.set(node.name, node);
    }
    for (const double of doubles) this.#settle(double, known, listing);
    for (const entry of listing.entries) {
      const node = known.get(entry.name);
      if (node?.kind === entry.kind && node.stat.inode === entry.stat.inode) {
        known.delete(entry.name);
        this.recognise(node, entry, folder);
        this.accountUnnamed(entry, node.id, open);
      } else {
        open.push({ entry, folder, slot: node?.kind === entry.kind ? node : undefined });
      }
    }
    const blocked = new Set(listing.hindered.map(({ name }) => name));
    for (const node of known.values()) this.#accountForAbsent(node, listing.path, blocked);
  }

  /** The folder and all in it are unknown. */
  hide(node: LocalNode, path: RelativePath): void {
    this.found.add(node.id);
    this.unnamed.delete(path);
    this.hindrances.push({
      path,
      reason: "unreadable",
      detail: "a disk was mounted here, or is gone from here: put it back, or rename this folder",
    });
  }

  /** A folder that was listed before its identity was known now has one. */
  accountUnnamed(entry: Entry, id: NodeId, open: OpenEntry[]): void {
    const listing = this.unnamed.get(entry.path);
    if (listing === undefined) return;
    this.unnamed.delete(entry.path);
    this.account(listing, id, open);
  }

  /** The entry is this node: notes what is new about it. */
  recognise(node: LocalNode, entry: Entry, folder: NodeId): void {
    // Files in their place are the many; only those that may be claimed elsewhere need to be remembered as found.
    if (node.kind === "folder" || node.parent !== folder || this.missing.has(node.id)) this.found.add(node.id);
    const observation = difference(node, entry, folder);
    if (observation !== undefined) this.placed.push({ path: entry.path, observation });
  }

  appear(id: NodeId, entry: Entry, folder: NodeId): void {
    const { name, spelling, stat } = entry;
    const kind: Kind = entry.kind;
    this.placed.push({ path: entry.path, observation: { type: "appeared", id, parent: folder, name, spelling, kind, stat } });
  }

  /** A crash can leave two nodes in one place: one was removed there, the other made. The inode tells which is which. */
  #settle(double: LocalNode, known: Map<string, LocalNode>, { entries }: Listing): void {
    const entry = entries.find(({ name }) => name === double.name);
    const isThere = entry?.kind === double.kind && entry.stat.inode === double.stat.inode;
    const gone = isThere ? known.get(double.name) : double;
    if (isThere) known.set(double.name, double);
    if (gone !== undefined) this.missing.set(gone.id, gone);
  }

  #accountForAbsent(node: LocalNode, folder: RelativePath, blocked: ReadonlySet<string>): void {
    const spelling = spellingOf(node);
    if (blocked.has(spelling)) return;
    if (this.#ignore.ignores(joinPath(folder, spelling), node.kind)) this.ignored.push(node.id);
    else this.missing.set(node.id, node);
  }
}
