import { rootId, type NodeId } from "@ashlar/shared/ids";
import { ChevronRight, Folder } from "lucide-react";
import { useState } from "react";
import type { Entry } from "../library/entry.ts";
import { usualSort } from "../library/sorting.ts";
import { useApp } from "../shell/context.ts";
import { Dialog } from "../ui/dialog.tsx";
import { Spinner } from "../ui/empty.tsx";
import { countText } from "../ui/format.ts";
import { useChain, useFolder } from "./use-folder.ts";

type MoveDialogProps = {
  readonly entries: readonly Entry[];
  readonly from: NodeId;
  readonly onClose: () => void;
  readonly onMove: (to: NodeId) => void;
};

/** Chooses a folder by walking there. */
export function MoveDialog({ entries, from, onClose, onMove }: MoveDialogProps) {
  const { library } = useApp();
  const [at, setAt] = useState(from);
  const { listing, entries: children } = useFolder(library, at, usualSort);
  const chain = useChain(library, at) ?? [];
  const moving = new Set(entries.map(({ node }) => node));
  const folders = children.filter(({ kind, node }) => kind === "folder" && !moving.has(node));
  const [first] = entries;
  const isSame = entries.every(({ parent }) => parent === at);
  const crumbs = [{ node: rootId, name: "Files" }, ...chain];
  return (
    <Dialog
      title={entries.length === 1 ? `Move “${first?.name ?? ""}”` : `Move ${countText(entries.length, "item")}`}
      onClose={onClose}
      actions={
        <>
          <button type="button" className="button" onClick={onClose}>
            Cancel
          </button>
          <button type="button" className="button button--primary" disabled={isSame} onClick={() => onMove(at)}>
            Move here
          </button>
        </>
      }
    >
      <nav className="picker__crumbs" aria-label="Folders above">
        {crumbs.map(({ node, name }, index) => (
          <button
            key={node}
            type="button"
            className="link-button"
            aria-current={index === crumbs.length - 1 ? "page" : undefined}
            onClick={() => setAt(node)}
          >
            {name}
          </button>
        ))}
      </nav>
      <ul className="picker" aria-label="Folders">
        {folders.map((folder) => (
          <li key={folder.node}>
            <button type="button" className="picker__item" onClick={() => setAt(folder.node)}>
              <Folder size={18} className="kind kind--folder" aria-hidden />
              <span className="truncate">{folder.name}</span>
              <ChevronRight size={16} aria-hidden />
            </button>
          </li>
        ))}
        {folders.length === 0 && (
          <li>
            {listing.state.type === "loading" ? <Spinner label="Opening" /> : <p className="picker__none muted">No folders in here.</p>}
          </li>
        )}
      </ul>
    </Dialog>
  );
}
