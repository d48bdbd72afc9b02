import type { NodeId } from "@ashlar/shared/ids";
import { mayBe } from "./difference.ts";
import { comparePaths } from "./path.ts";
import type { OpenEntry, Survey } from "./survey.ts";
import type { LocalNode, LocalView } from "./types.ts";
import type { Entry } from "./vet.ts";

/** Where an inode stands. Below folders that have no identity yet, nothing more is known of an entry. */
type Holder = { readonly entry: Entry; readonly open: OpenEntry | undefined };

/**
 * Finds out which nodes the open entries are.
 *
 * A name keeps its node although the inode behind it is another, if the old inode is gone: that is how programs save.
 * But if the old inode stands under another name, nodes follow their inodes: that is a rename, a swap, a longer cycle.
 * In a chain (b is now called c, a is called b) the end decides for all of it: if the last one's old inode is gone, all
 * names were overwritten; if the last one stands under a new name, or the chain closes, all were renamed.
 */
export class Identity {
  readonly #survey: Survey;
  readonly #view: LocalView;
  readonly #newId: () => NodeId;
  readonly #verdicts = new Map<OpenEntry, boolean>();
  #holders = new Map<string, Holder[]>();

  constructor(survey: Survey, view: LocalView, newId: () => NodeId) {
    this.#survey = survey;
    this.#view = view;
    this.#newId = newId;
  }

  /** From the top down: which known children a folder has follows from which node it is. Returns the open files and links. */
  folders(open: readonly OpenEntry[]): OpenEntry[] {
    const rest: OpenEntry[] = [];
    const folders = (items: readonly OpenEntry[]) => {
      for (const item of items) if (item.entry.kind !== "folder") rest.push(item);
      return items.filter(({ entry }) => entry.kind === "folder").toSorted(byPath);
    };
    let level = folders(open);
    this.#indexHolders(level, this.#unnamedFolders());
    while (level.length > 0) {
      const below: OpenEntry[] = [];
      for (const item of level) this.#nameFolder(item, below);
      level = folders(below);
    }
    return rest;
  }

  files(open: readonly OpenEntry[]): void {
    const sorted = open.toSorted(byPath);
    this.#indexHolders(sorted);
    const missing = new Map<string, LocalNode[]>();
    for (const node of this.#survey.missing.values()) if (node.kind !== "folder") push(missing, node.stat.inode, node);
    const claimed = ({ entry }: OpenEntry) => missing.get(entry.stat.inode)?.find((node) => this.#isFree(node) && mayBe(node, entry));

    let rest = this.#match(sorted, (item) => (this.#keepsName(item) ? item.slot : undefined));
    rest = this.#match(rest, claimed);
    // The old inode stands elsewhere, but as another node: of two hard links, one was renamed.
    rest = this.#match(rest, ({ slot }) => slot);
    for (const { entry, folder } of rest) this.#survey.appear(this.#newId(), entry, folder);
  }

  #nameFolder(item: OpenEntry, below: OpenEntry[]): void {
    const { entry, folder } = item;
    const claimed = this.#view.byInode(entry.stat.inode);
    let node = this.#keepsName(item) ? item.slot : undefined;
    if (node === undefined && claimed !== undefined && this.#isFree(claimed) && mayBe(claimed, entry)) node = claimed;
    if (node !== undefined && this.#isHidden(node, entry)) {
      this.#survey.hide(node, entry.path);
      return;
    }
    const id = node?.id ?? this.#newId();
    if (node === undefined) this.#survey.appear(id, entry, folder);
    else this.#survey.recognise(node, entry, folder);
    this.#survey.accountUnnamed(entry, id, below);
  }

  /** A disk was mounted there or is gone from there, and nothing that was in the folder is to be seen: that is no deletion (I6). */
  #isHidden(node: LocalNode, entry: Entry): boolean {
    if (deviceOf(node.stat.inode) === deviceOf(entry.stat.inode)) return false;
    const names = new Set(this.#survey.unnamed.get(entry.path)?.entries.map(({ name }) => name));
    const children = this.#view.children(node.id);
    return children.length > 0 && !children.some(({ name }) => names.has(name));
  }

  /** Recognises entries as the nodes proposed for them, each node once; the entries left over. */
  #match(items: readonly OpenEntry[], propose: (item: OpenEntry) => LocalNode | undefined): OpenEntry[] {
    const rest: OpenEntry[] = [];
    for (const item of items) {
      const node = propose(item);
      if (node !== undefined && this.#isFree(node)) this.#survey.recognise(node, item.entry, item.folder);
      else rest.push(item);
    }
    return rest;
  }

  /** Whether the entry is still the node that had its name, although it has another inode. */
  #keepsName(item: OpenEntry): boolean {
    const chain = new Set<OpenEntry>();
    let verdict: boolean | undefined;
    for (let at: OpenEntry | undefined = item; verdict === undefined;) {
      const slot: LocalNode | undefined = at?.slot;
      if (at === undefined || slot === undefined || chain.has(at) || !this.#isFree(slot)) {
        verdict = false;
        break;
      }
      chain.add(at);
      const holder: Holder | undefined = this.#holders.get(slot.stat.inode)?.find(({ entry }) => mayBe(slot, entry));
      at = holder?.open;
      verdict = holder === undefined ? true : at && this.#verdicts.get(at);
    }
    for (const link of chain) this.#verdicts.set(link, verdict);
    return verdict;
  }

  /** A folder that stands in its place, or was found elsewhere, is found; a file there is not missing. */
  #isFree(node: LocalNode): boolean {
    return !this.#survey.found.has(node.id) && (node.kind === "folder" || this.#survey.missing.has(node.id));
  }

  #indexHolders(open: readonly OpenEntry[], unnamed: readonly Entry[] = []): void {
    this.#holders = new Map();
    for (const item of open) push(this.#holders, item.entry.stat.inode, { entry: item.entry, open: item });
    for (const entry of unnamed) push(this.#holders, entry.stat.inode, { entry, open: undefined });
  }

  #unnamedFolders(): Entry[] {
    return [...this.#survey.unnamed.values()].flatMap(({ entries }) => entries.filter(({ kind }) => kind === "folder"));
  }
}

/** Of another device than the synced folder's, an inode is told together with it. */
const deviceOf = (inode: string): string => inode.slice(0, inode.lastIndexOf(":") + 1);

const byPath = (a: OpenEntry, b: OpenEntry): number => comparePaths(a.entry.path, b.entry.path);

function push<T>(lists: Map<string, T[]>, key: string, value: T): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [value]);
  else list.push(value);
}
