import type { NodeId } from "@ashlar/shared/ids";
import { Check, EllipsisVertical } from "lucide-react";
import { type DragEvent, type MouseEvent, useState } from "react";
import type { Entry } from "../library/entry.ts";
import { bytesText, dateText, momentText } from "../ui/format.ts";
import type { Point } from "../ui/menu.tsx";
import { KindIcon } from "./kind-icon.tsx";
import { RenameInput } from "./rename-input.tsx";

export type RowDrag = {
  readonly start: (event: DragEvent, entry: Entry) => void;
  readonly canDrop: (event: DragEvent, folder: Entry) => boolean;
  readonly drop: (event: DragEvent, folder: Entry) => void;
};

export const rowId = (node: NodeId): string => `row-${node}`;

type FileRowProps = {
  readonly entry: Entry;
  readonly index: number;
  readonly top: number;
  readonly height: number;
  readonly isSelected: boolean;
  readonly isCursor: boolean;
  readonly isRenaming: boolean;
  readonly where: string | undefined;
  readonly onClick: (event: MouseEvent, entry: Entry) => void;
  readonly onOpen: (entry: Entry) => void;
  readonly onTick: () => void;
  readonly onMenu: (event: MouseEvent) => void;
  /** Where no mouse asks for the menu. */
  readonly onMore: ((at: Point) => void) | undefined;
  readonly onRenamed: (name: string | undefined) => void;
  readonly drag: RowDrag | undefined;
};

export function FileRow(props: FileRowProps) {
  const { entry, index, top, height, isSelected, isCursor, isRenaming, where, onClick, onOpen, drag } = props;
  const [isTarget, setTarget] = useState(false);
  const folderDrag =
    drag === undefined || entry.kind !== "folder"
      ? {}
      : {
          onDragOver: (event: DragEvent) => {
            if (!drag.canDrop(event, entry)) return;
            event.preventDefault();
            event.stopPropagation();
            setTarget(true);
          },
          onDragLeave: () => setTarget(false),
          onDrop: (event: DragEvent) => {
            setTarget(false);
            if (!drag.canDrop(event, entry)) return;
            event.preventDefault();
            event.stopPropagation();
            drag.drop(event, entry);
          },
        };
  const isFolder = entry.kind === "folder";
  const size = isFolder ? "—" : bytesText(entry.size);
  const date = dateText(entry.mtimeMs, Date.now());
  return (
    <div
      id={rowId(entry.node)}
      className="grid__row grid__item"
      role="row"
      aria-rowindex={index + 2}
      aria-selected={isSelected}
      data-cursor={isCursor}
      data-target={isTarget}
      data-pending={entry.isPending === true}
      style={{ height, transform: `translateY(${top}px)` }}
      draggable={drag !== undefined && !isRenaming}
      onDragStart={(event) => drag?.start(event, entry)}
      {...folderDrag}
      onClick={(event) => onClick(event, entry)}
      onDoubleClick={() => onOpen(entry)}
      onContextMenu={props.onMenu}
    >
      <span role="gridcell" className="grid__tick" aria-colindex={1}>
        <span
          className="tick"
          data-on={isSelected}
          onClick={(event) => {
            event.stopPropagation();
            props.onTick();
          }}
        >
          {isSelected && <Check size={13} strokeWidth={3} aria-hidden />}
        </span>
      </span>
      <span role="gridcell" className="grid__cell grid__cell--name" aria-colindex={2}>
        <KindIcon entry={entry} />
        {isRenaming ? (
          <RenameInput name={entry.name} isFolder={isFolder} onDone={props.onRenamed} />
        ) : (
          <span className="grid__name">
            <span className="truncate" title={entry.name}>
              {entry.name}
            </span>
            {where !== undefined && <span className="grid__where truncate">{where}</span>}
            <span className="grid__meta" aria-hidden>
              {isFolder ? date : `${size} · ${date}`}
            </span>
          </span>
        )}
        {props.onMore !== undefined && (
          <button
            type="button"
            className="icon-button grid__more"
            aria-label={`More for ${entry.name}`}
            tabIndex={-1}
            onClick={(event) => {
              event.stopPropagation();
              const { left, bottom } = event.currentTarget.getBoundingClientRect();
              props.onMore?.({ x: left, y: bottom });
            }}
          >
            <EllipsisVertical size={18} aria-hidden />
          </button>
        )}
      </span>
      <span role="gridcell" className="grid__cell grid__cell--modified number" aria-colindex={3} title={momentText(entry.mtimeMs)}>
        {date}
      </span>
      <span role="gridcell" className="grid__cell grid__cell--size number" aria-colindex={4}>
        {isFolder ? (
          <>
            <span aria-hidden>—</span>
            <span className="visually-hidden">Folder</span>
          </>
        ) : (
          size
        )}
      </span>
    </div>
  );
}
