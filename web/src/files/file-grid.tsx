/** A list of files and folders: only what is in view is in the page, however long the list. */
import type { NodeId } from "@ashlar/shared/ids";
import { useVirtualizer } from "@tanstack/react-virtual";
import { ArrowDown, ArrowUp } from "lucide-react";
import { type KeyboardEvent, type MouseEvent, useEffect, useLayoutEffect, useRef } from "react";
import type { Entry } from "../library/entry.ts";
import type { Sort, SortKey } from "../library/sorting.ts";
import type { Point } from "../ui/menu.tsx";
import { useMediaQuery } from "../ui/use-media-query.ts";
import { FileRow, rowId, type RowDrag } from "./file-row.tsx";
import { type Selection, all, extend, nothing, only, step, toggle, within } from "./selection.ts";

type FileGridProps = {
  readonly label: string;
  readonly entries: readonly Entry[];
  readonly selection: Selection;
  readonly onSelect: (selection: Selection) => void;
  readonly onOpen: (entry: Entry) => void;
  /** Without it there is no menu. */
  readonly onMenu?: (at: Point) => void;
  /** The menu of one entry, by its button, where no mouse asks for it. */
  readonly onMore?: (at: Point, entry: Entry) => void;
  readonly onKey?: (event: KeyboardEvent) => void;
  readonly sort?: Sort;
  readonly onSort?: (sort: Sort) => void;
  /** What stands below a name, such as the folder of something that was found. */
  readonly whereOf?: (entry: Entry) => string;
  readonly renaming?: NodeId | undefined;
  readonly onRenamed?: (entry: Entry, name: string | undefined) => void;
  readonly drag?: RowDrag;
};

const rowPx = 44;
const tallRowPx = 60;
const pageRows = 12;
/** Letters typed within this time are one beginning of a name. */
const typeAheadMs = 800;

const columns: readonly { readonly key: SortKey; readonly label: string }[] = [
  { key: "name", label: "Name" },
  { key: "modified", label: "Modified" },
  { key: "size", label: "Size" },
];

export function FileGrid(props: FileGridProps) {
  const { label, entries, selection, onSelect, onOpen, onMenu, sort, onSort, whereOf } = props;
  const grid = useRef<HTMLDivElement>(null);
  const isNarrow = useMediaQuery("(max-width: 720px)");
  const headPx = useMediaQuery("(pointer: coarse)") ? 44 : 36;
  const before = useRef(entries);
  const typed = useRef({ text: "", atMs: 0 });
  const estimate = isNarrow || whereOf !== undefined ? tallRowPx : rowPx;
  const rows = useVirtualizer({
    count: entries.length,
    getScrollElement: () => grid.current,
    estimateSize: () => estimate,
    getItemKey: (index) => entries[index]?.node ?? index,
    overscan: 10,
    scrollMargin: headPx,
    scrollPaddingStart: headPx,
  });
  useLayoutEffect(() => rows.measure(), [rows, estimate]);

  useEffect(() => {
    const next = within(selection, before.current, entries);
    before.current = entries;
    if (next !== selection) onSelect(next);
  }, [entries, selection, onSelect]);

  const { cursor } = selection;
  useEffect(() => {
    if (cursor === undefined) return;
    const index = entries.findIndex(({ node }) => node === cursor);
    if (index >= 0) rows.scrollToIndex(index, { align: "auto" });
    // Only where the cursor goes, not whenever something changes.
  }, [cursor]);

  const indexOfCursor = () => entries.findIndex(({ node }) => node === cursor);

  const typeAhead = (key: string) => {
    const nowMs = performance.now();
    const { text, atMs } = typed.current;
    const wanted = (nowMs - atMs < typeAheadMs ? text : "") + key.toLowerCase();
    typed.current = { text: wanted, atMs: nowMs };
    const from = Math.max(0, indexOfCursor()) + (wanted.length === 1 ? 1 : 0);
    const found = [...entries.slice(from), ...entries.slice(0, from)].find(({ name }) => name.toLowerCase().startsWith(wanted));
    if (found !== undefined) onSelect(only(found.node));
  };

  const menuAtCursor = () => {
    const row = cursor === undefined ? null : document.getElementById(rowId(cursor));
    const box = (row ?? grid.current)?.getBoundingClientRect();
    if (box !== undefined) onMenu?.({ x: box.left + 48, y: box.top + Math.min(box.height, rowPx) - 8 });
  };

  const onKeyDown = (event: KeyboardEvent) => {
    if (event.target instanceof HTMLInputElement) return;
    const onButton = event.target instanceof HTMLButtonElement;
    const isAll = event.key.toLowerCase() === "a" && (event.ctrlKey || event.metaKey);
    const current = entries[indexOfCursor()];
    if (isAll) onSelect(all(selection, entries));
    else if (event.altKey || event.metaKey) return props.onKey?.(event);
    else if (event.key === "ArrowDown") onSelect(step(selection, entries, 1, event.shiftKey));
    else if (event.key === "ArrowUp") onSelect(step(selection, entries, -1, event.shiftKey));
    else if (event.key === "PageDown") onSelect(step(selection, entries, pageRows, event.shiftKey));
    else if (event.key === "PageUp") onSelect(step(selection, entries, -pageRows, event.shiftKey));
    else if (event.key === "Home") onSelect(step(selection, entries, -entries.length, event.shiftKey));
    else if (event.key === "End") onSelect(step(selection, entries, entries.length, event.shiftKey));
    else if (event.key === "Enter" && current !== undefined && !onButton) onOpen(current);
    else if (event.key === " " && current !== undefined && !onButton) onSelect(toggle(selection, current.node));
    else if (event.key === "Escape" && selection.selected.size > 0) onSelect({ ...nothing, cursor });
    else if (event.key === "ContextMenu" || (event.key === "F10" && event.shiftKey)) menuAtCursor();
    else if (event.key.length === 1 && event.key !== " " && !event.ctrlKey && event.key !== "/" && event.key !== "?") typeAhead(event.key);
    else return props.onKey?.(event);
    event.preventDefault();
  };

  const onRowClick = (event: MouseEvent, entry: Entry) => {
    const isTouch = isByTouch(event);
    if (event.shiftKey) onSelect(extend(selection, entries, entry.node));
    else if (event.ctrlKey || event.metaKey || (isTouch && selection.selected.size > 0)) onSelect(toggle(selection, entry.node));
    else if (isTouch) onOpen(entry);
    else onSelect(only(entry.node));
  };

  return (
    <div
      ref={grid}
      className={isNarrow ? "grid grid--narrow" : "grid"}
      role="grid"
      aria-label={label}
      aria-multiselectable
      aria-rowcount={entries.length + 1}
      aria-colcount={columns.length + 1}
      aria-activedescendant={cursor !== undefined && entries.some(({ node }) => node === cursor) ? rowId(cursor) : undefined}
      tabIndex={0}
      onKeyDown={onKeyDown}
      onContextMenu={(event) => {
        event.preventDefault();
        onMenu?.({ x: event.clientX, y: event.clientY });
      }}
      onClick={(event) => {
        if (event.target === event.currentTarget) onSelect(nothing);
      }}
      onFocus={(event) => {
        const [first] = entries;
        // Not for a mouse: the list would go to its first row, from under what is being clicked.
        const byKeyboard = event.target === event.currentTarget && event.currentTarget.matches(":focus-visible");
        if (byKeyboard && cursor === undefined && first !== undefined) onSelect({ ...selection, cursor: first.node });
      }}
    >
      <div className="grid__row grid__head" role="row" aria-rowindex={1} style={{ height: headPx }}>
        <span role="columnheader" className="grid__tick" aria-colindex={1}>
          <span className="visually-hidden">Selected</span>
        </span>
        {columns.map((column, index) => (
          <span
            key={column.key}
            role="columnheader"
            aria-colindex={index + 2}
            className={`grid__cell grid__cell--${column.key}`}
            aria-sort={sort?.key === column.key ? (sort.descending ? "descending" : "ascending") : undefined}
          >
            {sort === undefined || onSort === undefined ? (
              column.label
            ) : (
              <button
                type="button"
                className="grid__sort"
                onClick={() => onSort({ key: column.key, descending: sort.key === column.key ? !sort.descending : column.key !== "name" })}
              >
                {column.label}
                {sort.key === column.key && (sort.descending ? <ArrowDown size={13} aria-hidden /> : <ArrowUp size={13} aria-hidden />)}
              </button>
            )}
          </span>
        ))}
      </div>
      <div role="rowgroup" className="grid__body" style={{ height: rows.getTotalSize() }}>
        {rows.getVirtualItems().map((item) => {
          const entry = entries[item.index];
          if (entry === undefined) return null;
          return (
            <FileRow
              key={item.key}
              entry={entry}
              index={item.index}
              top={item.start - headPx}
              height={item.size}
              isSelected={selection.selected.has(entry.node)}
              isCursor={entry.node === cursor}
              where={whereOf?.(entry)}
              onClick={onRowClick}
              onOpen={onOpen}
              onTick={() => onSelect(toggle(selection, entry.node))}
              onMenu={(event) => {
                if (isByTouch(event)) {
                  // A long touch begins to select; the menu has its button.
                  event.preventDefault();
                  event.stopPropagation();
                  onSelect(toggle(selection, entry.node));
                } else if (!selection.selected.has(entry.node)) onSelect(only(entry.node));
              }}
              onMore={isNarrow ? (at) => props.onMore?.(at, entry) : undefined}
              isRenaming={props.renaming === entry.node}
              onRenamed={(name) => {
                props.onRenamed?.(entry, name);
                grid.current?.focus();
              }}
              // On a phone it would take the long touch.
              drag={isNarrow ? undefined : props.drag}
            />
          );
        })}
      </div>
    </div>
  );
}

const isByTouch = ({ nativeEvent }: MouseEvent): boolean => nativeEvent instanceof PointerEvent && nativeEvent.pointerType === "touch";
