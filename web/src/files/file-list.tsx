/** Files and folders in a list, and what one does to them there: open, rename, choose several, ask for the menu. */
import type { NodeId } from "@ashlar/shared/ids";
import { SquareCheck } from "lucide-react";
import { type KeyboardEvent, useCallback, useState } from "react";
import type { Entry } from "../library/entry.ts";
import type { Sort } from "../library/sorting.ts";
import { countText } from "../ui/format.ts";
import { Menu, type MenuItem, type Point } from "../ui/menu.tsx";
import { FileGrid } from "./file-grid.tsx";
import type { FileDeeds } from "./file-menu.ts";
import type { RowDrag } from "./file-row.tsx";
import { nothing, type Selection, toggle } from "./selection.ts";
import { SelectionBar } from "./selection-bar.tsx";

/** A name is typed in the list itself, and given when it is. */
export type ListDeeds = Omit<FileDeeds, "rename"> & { readonly rename: (entry: Entry, name: string) => void };

type FileListProps = {
  readonly label: string;
  readonly entries: readonly Entry[];
  readonly selection: Selection;
  readonly onSelect: (selection: Selection) => void;
  readonly does: ListDeeds;
  readonly itemsOf: (entries: readonly Entry[], does: FileDeeds) => readonly MenuItem[];
  /** The menu where nothing is selected. */
  readonly emptyItems?: readonly MenuItem[];
  readonly onKey?: (event: KeyboardEvent) => void;
  readonly sort?: Sort;
  readonly onSort?: (sort: Sort) => void;
  readonly whereOf?: (entry: Entry) => string;
  readonly drag?: RowDrag;
};

export function FileList({ does, itemsOf, emptyItems = [], onKey, entries, selection, onSelect, ...grid }: FileListProps) {
  const [renaming, setRenaming] = useState<NodeId>();
  const [menu, setMenu] = useState<{ readonly at: Point; readonly of?: NodeId }>();
  const closeMenu = useCallback(() => setMenu(undefined), []);
  const selected = entries.filter(({ node }) => selection.selected.has(node));
  const deeds: FileDeeds = { ...does, rename: ({ node }) => setRenaming(node) };
  const items = selected.length > 0 ? itemsOf(selected, deeds) : emptyItems;
  // The menu of one entry, as that is now.
  const of = entries.find(({ node }) => node === menu?.of && !selection.selected.has(node));
  const menuItems = of === undefined ? items : withSelect(itemsOf([of], deeds), of);

  /** Where no mouse does it. */
  function withSelect([open, ...rest]: readonly MenuItem[], entry: Entry): MenuItem[] {
    const select: MenuItem = {
      type: "action",
      id: "select",
      label: "Select",
      icon: SquareCheck,
      run: () => onSelect(toggle(selection, entry.node)),
    };
    return [...(open === undefined ? [] : [open]), select, ...rest];
  }

  const onListKey = (event: KeyboardEvent) => {
    const cursor = entries.find(({ node }) => node === selection.cursor);
    const chosen = selected.length > 0 || cursor === undefined ? selected : [cursor];
    if (event.key === "F2" && cursor !== undefined) setRenaming(cursor.node);
    else if (event.key === "Delete" && chosen.length > 0) does.remove(chosen);
    else return onKey?.(event);
    event.preventDefault();
  };

  return (
    <>
      <FileGrid
        {...grid}
        entries={entries}
        selection={selection}
        onSelect={onSelect}
        onOpen={does.open}
        onMenu={(at) => setMenu({ at })}
        onMore={(at, entry) => setMenu({ at, of: entry.node })}
        onKey={onListKey}
        renaming={renaming}
        onRenamed={(entry, name) => {
          setRenaming(undefined);
          if (name !== undefined) does.rename(entry, name);
        }}
      />
      {selected.length > 0 && <SelectionBar count={selected.length} items={items} onClear={() => onSelect(nothing)} />}
      {menu !== undefined && menuItems.length > 0 && (
        <Menu label={labelOf(of === undefined ? selected : [of])} at={menu.at} items={menuItems} onClose={closeMenu} />
      )}
    </>
  );
}

function labelOf(entries: readonly Entry[]): string {
  const [first] = entries;
  if (first === undefined) return "This folder";
  return entries.length === 1 ? first.name : countText(entries.length, "item");
}
