/** The order that a person sees a folder in, kept while it changes: only what is new is sorted. */
import type { NodeId } from "@ashlar/shared/ids";
import type { Entry } from "./entry.ts";

export type SortKey = "name" | "size" | "modified" | "kind";
export type Sort = { readonly key: SortKey; readonly descending: boolean };
export const usualSort: Sort = { key: "name", descending: false };

const collator = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });
/** Names that differ in case or accents only are put in some order all the same. */
export const compareNames = (a: string, b: string): number => collator.compare(a, b) || (a < b ? -1 : a > b ? 1 : 0);

export const extensionOf = (name: string): string => /[^.]\.([A-Za-z0-9]{1,10})$/.exec(name)?.[1]?.toLowerCase() ?? "";

/** Folders come first, whatever the order. Total: entries of the same place in it are told apart by their id. */
export function comparison({ key, descending }: Sort): (a: Entry, b: Entry) => number {
  const direction = descending ? -1 : 1;
  return (a, b) => {
    const folders = Number(b.kind === "folder") - Number(a.kind === "folder");
    if (folders !== 0) return folders;
    return direction * byKey(key, a, b) || compareNames(a.name, b.name) || (a.node < b.node ? -1 : a.node > b.node ? 1 : 0);
  };
}

function byKey(key: SortKey, a: Entry, b: Entry): number {
  switch (key) {
    case "name":
      return compareNames(a.name, b.name);
    case "size":
      return a.size - b.size;
    case "modified":
      return a.mtimeMs - b.mtimeMs;
    case "kind":
      return compareNames(extensionOf(a.name), extensionOf(b.name));
  }
}

export type Sorter = (entries: Iterable<Entry>) => readonly Entry[];

/** Each call gets the whole folder; entries are told to be the same by identity. */
export function createSorter(sort: Sort): Sorter {
  const compare = comparison(sort);
  let sorted: readonly Entry[] = [];
  let before = new Map<NodeId, Entry>();

  return (entries) => {
    const now = new Map<NodeId, Entry>();
    const news: Entry[] = [];
    for (const entry of entries) {
      now.set(entry.node, entry);
      if (before.get(entry.node) !== entry) news.push(entry);
    }
    if (news.length === 0 && now.size === before.size) return sorted;
    const kept = sorted.filter((entry) => now.get(entry.node) === entry);
    before = now;
    sorted = merge(kept, news.toSorted(compare), compare);
    return sorted;
  };
}

function merge(a: readonly Entry[], b: readonly Entry[], compare: (a: Entry, b: Entry) => number): Entry[] {
  const merged: Entry[] = [];
  let at = 0;
  for (const entry of b) {
    const end = firstAfter(a, entry, at, compare);
    append(merged, a, at, end);
    at = end;
    merged.push(entry);
  }
  append(merged, a, at, a.length);
  return merged;
}

function append(to: Entry[], from: readonly Entry[], start: number, end: number): void {
  for (let index = start; index < end; index++) {
    const entry = from[index];
    if (entry !== undefined) to.push(entry);
  }
}

/** The first index from `from` on whose entry comes after this one: found in steps that double, since it is often near. */
function firstAfter(entries: readonly Entry[], entry: Entry, from: number, compare: (a: Entry, b: Entry) => number): number {
  const isAfter = (index: number) => {
    const other = entries[index];
    return other === undefined || compare(other, entry) > 0;
  };
  let step = 1;
  let low = from;
  while (low + step < entries.length && !isAfter(low + step - 1)) {
    low += step;
    step *= 2;
  }
  let high = Math.min(low + step, entries.length);
  while (low < high) {
    const middle = (low + high) >> 1;
    if (isAfter(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}
