import { rootId, type NodeId } from "@ashlar/shared/ids";
import { FolderPlus, Keyboard, Upload } from "lucide-react";
import { type KeyboardEvent, useCallback, useEffect, useRef, useState } from "react";
import { useLocation } from "wouter";
import type { Entry } from "../library/entry.ts";
import { type Sort, usualSort } from "../library/sorting.ts";
import { useApp } from "../shell/context.ts";
import { UploadButton } from "../transfer/upload-button.tsx";
import { countText } from "../ui/format.ts";
import type { MenuItem } from "../ui/menu.tsx";
import { run } from "../ui/run.ts";
import { Breadcrumbs, folderPath } from "./breadcrumbs.tsx";
import { downloadEntries } from "./download.ts";
import { FileDialogs, type OpenDialog } from "./file-dialogs.tsx";
import { FileList, type ListDeeds } from "./file-list.tsx";
import { menuItems } from "./file-menu.ts";
import { FolderView } from "./folder-view.tsx";
import { SearchBox, SearchResults } from "./search.tsx";
import { nothing, only, type Selection } from "./selection.ts";
import { useDrop } from "./use-drop.ts";
import { useFileActions } from "./use-file-actions.tsx";
import { useChain, useFolder } from "./use-folder.ts";

export function FilesPage({ folder }: { readonly folder: NodeId }) {
  const { library, connection } = useApp();
  const [, navigate] = useLocation();
  const actions = useFileActions();
  const [sort, setSort] = useState<Sort>(usualSort);
  const [selection, setSelection] = useState<Selection>(nothing);
  const [open, setOpen] = useState<OpenDialog>();
  const [query, setQuery] = useState("");
  const search = useRef<HTMLInputElement>(null);
  const { listing, entries } = useFolder(library, folder, sort);
  const chain = useChain(library, folder);
  const title = folder === rootId ? "Files" : (chain?.at(-1)?.name ?? "…");
  const drop = useDrop(folder, actions.move);

  useEffect(() => {
    document.title = `${title} · Ashlar`;
  }, [title]);
  useEffect(() => {
    setSelection(nothing);
    setQuery("");
  }, [folder]);
  const onHelp = useCallback(() => setOpen({ type: "help" }), []);
  const onSearch = useCallback(() => search.current?.focus(), []);
  useGlobalKeys({ onHelp, onSearch });

  const close = useCallback(() => setOpen(undefined), []);
  const download = (chosen: readonly Entry[]) => run(() => downloadEntries(connection.call, chosen));
  const deedsAmong = (siblings: readonly Entry[]): ListDeeds => ({
    open: (entry) => (entry.kind === "folder" ? navigate(folderPath(entry.node)) : setOpen({ type: "preview", entry, siblings })),
    rename: actions.rename,
    move: (chosen) => setOpen({ type: "move", entries: chosen }),
    remove: actions.remove,
    download,
    share: (entry) => setOpen({ type: "share", entry }),
    versions: (entry) => setOpen({ type: "versions", entry }),
    rewind: (entry) => navigate(`/rewind?folder=${entry.node}`),
    show: (entry) => {
      setQuery("");
      navigate(folderPath(entry.parent));
    },
  });
  const newFolder: MenuItem = {
    type: "action",
    id: "new",
    label: "New folder",
    icon: FolderPlus,
    run: () => setOpen({ type: "new-folder" }),
  };
  const onKey = (event: KeyboardEvent) => {
    const isUp = event.key === "Backspace" || (event.key === "ArrowUp" && event.altKey);
    if (!isUp || folder === rootId) return;
    navigate(folderPath(chain?.at(-2)?.node ?? rootId));
    event.preventDefault();
  };
  const isGone = listing.state.type === "failed" && listing.state.isGone;
  const count = entries.filter(({ node }) => selection.selected.has(node)).length;

  return (
    <div className="files" data-over={drop.isOver} {...drop.page}>
      <header className="files__head">
        <Breadcrumbs chain={chain} isGone={isGone} canDrop={drop.canDrop} onDrop={drop.dropOn} />
        <SearchBox ref={search} value={query} onChange={setQuery} />
        {!isGone && (
          <div className="files__tools">
            <button type="button" className="icon-button files__help" aria-label="Keyboard help" title="Keyboard help (?)" onClick={onHelp}>
              <Keyboard size={18} aria-hidden />
            </button>
            <button type="button" className="button" onClick={newFolder.run}>
              <FolderPlus size={17} aria-hidden />
              <span className="files__word">New folder</span>
            </button>
            <UploadButton folder={folder} />
          </div>
        )}
      </header>
      {query === "" ? (
        <>
          <section className="files__list" aria-label={title} aria-busy={listing.state.type === "loading"}>
            <FolderView folder={folder} listing={listing} entries={entries}>
              <FileList
                key={folder}
                label={title}
                entries={entries}
                selection={selection}
                onSelect={setSelection}
                does={deedsAmong(entries)}
                itemsOf={menuItems}
                emptyItems={[newFolder]}
                onKey={onKey}
                sort={sort}
                onSort={setSort}
                drag={{
                  start(event, entry) {
                    const isSelected = selection.selected.has(entry.node);
                    drop.start(event, isSelected ? entries.filter(({ node }) => selection.selected.has(node)) : [entry]);
                    if (!isSelected) setSelection(only(entry.node));
                  },
                  canDrop: drop.canDrop,
                  drop: (event, to) => drop.dropOn(event, to.node),
                }}
              />
            </FolderView>
          </section>
          <p className="files__foot muted number" role="status">
            {count > 0
              ? `${countText(count, "item")} selected`
              : listing.state.type === "loading"
                ? `Reading… ${entries.length > 0 ? countText(entries.length, "item") : ""}`
                : listing.state.type === "ready" && countText(entries.length, "item")}
          </p>
        </>
      ) : (
        <SearchResults query={query} does={deedsAmong} />
      )}
      <FileDialogs
        open={open}
        folder={folder}
        onClose={close}
        onMade={(node) => setSelection(only(node))}
        onMove={actions.move}
        onDownload={(entry) => download([entry])}
      />
      {drop.isOver && (
        <div className="files__drop" aria-hidden>
          <p>
            <Upload size={20} />
            Drop to upload to “{title}”, or onto a folder
          </p>
        </div>
      )}
    </div>
  );
}

/** Keys that are good wherever one is on the page, but while one types or a dialog is open. */
function useGlobalKeys({ onHelp, onSearch }: { readonly onHelp: () => void; readonly onSearch: () => void }): void {
  useEffect(() => {
    const onKey = (event: globalThis.KeyboardEvent) => {
      const { target } = event;
      if (target instanceof HTMLInputElement || target instanceof HTMLSelectElement || document.querySelector("dialog[open]") !== null)
        return;
      if (event.key === "/") onSearch();
      else if (event.key === "?") onHelp();
      else return;
      event.preventDefault();
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, [onHelp, onSearch]);
}
