/** What is selected in a list, and where the cursor is. Pure: the list is handed in, since it may have changed meanwhile. */
import type { NodeId } from "@ashlar/shared/ids";

export type Selection = {
  readonly selected: ReadonlySet<NodeId>;
  /** Where keys act. */
  readonly cursor: NodeId | undefined;
  /** Where a range begins. */
  readonly anchor: NodeId | undefined;
};

export const nothing: Selection = { selected: new Set(), cursor: undefined, anchor: undefined };

type Listed = readonly { readonly node: NodeId }[];

export function only(node: NodeId): Selection {
  return { selected: new Set([node]), cursor: node, anchor: node };
}

export function toggle({ selected }: Selection, node: NodeId): Selection {
  const next = new Set(selected);
  if (!next.delete(node)) next.add(node);
  return { selected: next, cursor: node, anchor: node };
}

/** Everything between the anchor and here. */
export function extend({ anchor, cursor }: Selection, list: Listed, node: NodeId): Selection {
  const from = anchor ?? cursor ?? node;
  const start = list.findIndex((entry) => entry.node === from);
  const end = list.findIndex((entry) => entry.node === node);
  if (start < 0 || end < 0) return only(node);
  const range = list.slice(Math.min(start, end), Math.max(start, end) + 1);
  return { selected: new Set(range.map((entry) => entry.node)), cursor: node, anchor: from };
}

export function all(selection: Selection, list: Listed): Selection {
  return { ...selection, selected: new Set(list.map(({ node }) => node)) };
}

/** The cursor moves by so many places, from the top or the bottom if it was nowhere. */
export function step(selection: Selection, list: Listed, by: number, isRange: boolean): Selection {
  if (list.length === 0) return nothing;
  const at = list.findIndex((entry) => entry.node === selection.cursor);
  const to = at < 0 ? (by > 0 ? 0 : list.length - 1) : Math.max(0, Math.min(list.length - 1, at + by));
  const entry = list[to];
  if (entry === undefined) return selection;
  return isRange ? extend(selection, list, entry.node) : only(entry.node);
}

/** What is gone from the list is not selected any more; a cursor that is gone moves to what took its place. */
export function within(selection: Selection, before: Listed, list: Listed): Selection {
  const here = new Set(list.map(({ node }) => node));
  const isSame = [...selection.selected].every((node) => here.has(node)) && (selection.cursor === undefined || here.has(selection.cursor));
  if (isSame) return selection;
  const selected = new Set([...selection.selected].filter((node) => here.has(node)));
  const { cursor } = selection;
  if (cursor === undefined || here.has(cursor)) return { ...selection, selected };
  const at = before.findIndex((entry) => entry.node === cursor);
  const next = list[Math.min(Math.max(at, 0), list.length - 1)]?.node;
  return { selected, cursor: next, anchor: next };
}
