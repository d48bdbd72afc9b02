/** What is dragged over a folder's page: its own rows, to another folder, or files from elsewhere, to upload. */
import type { NodeId } from "@ashlar/shared/ids";
import { type DragEvent, useRef, useState } from "react";
import type { Entry } from "../library/entry.ts";
import { useApp } from "../shell/context.ts";
import { filesOfDrop } from "../transfer/dropped.ts";
import { run } from "../ui/run.ts";

const draggedType = "application/x-ashlar-nodes";

const isOurs = (event: DragEvent) => event.dataTransfer.types.includes(draggedType);
const areFiles = (event: DragEvent) => event.dataTransfer.types.includes("Files");

type Drop = {
  /** Files hang over the page. */
  readonly isOver: boolean;
  readonly start: (event: DragEvent, entries: readonly Entry[]) => void;
  readonly canDrop: (event: DragEvent, to?: Entry) => boolean;
  readonly dropOn: (event: DragEvent, to: NodeId) => void;
  /** Handlers of the page itself, which takes files only. */
  readonly page: Readonly<Record<"onDragOver" | "onDragLeave" | "onDrop", (event: DragEvent) => void>>;
};

export function useDrop(folder: NodeId, move: (entries: readonly Entry[], to: NodeId) => void): Drop {
  const { transfers } = useApp();
  const [isOver, setOver] = useState(false);
  const dragged = useRef<readonly Entry[]>([]);

  const dropOn = (event: DragEvent, to: NodeId) => {
    setOver(false);
    if (isOurs(event)) return move(dragged.current, to);
    const dropping = filesOfDrop(event.dataTransfer);
    run(async () => transfers.add(to, await dropping));
  };

  return {
    isOver,
    start(event, entries) {
      dragged.current = entries;
      event.dataTransfer.setData(draggedType, String(entries.length));
      event.dataTransfer.effectAllowed = "move";
    },
    canDrop: (event, to) => areFiles(event) || (isOurs(event) && !dragged.current.some(({ node }) => node === to?.node)),
    dropOn,
    page: {
      onDragOver(event) {
        if (!areFiles(event)) return;
        event.preventDefault();
        setOver(true);
      },
      onDragLeave(event) {
        if (!(event.relatedTarget instanceof Node && event.currentTarget.contains(event.relatedTarget))) setOver(false);
      },
      onDrop(event) {
        if (!areFiles(event)) return;
        event.preventDefault();
        dropOn(event, folder);
      },
    },
  };
}
