import { rootId, type NodeId } from "@ashlar/shared/ids";
import { CloudOff, FolderOpen, FolderPlus, FolderX, Keyboard, Upload } from "lucide-react";
import { type DragEvent, type KeyboardEvent, lazy, Suspense, useCallback, useEffect, useRef, useState } from "react";
import { useLocation } from "wouter";
import type { Entry } from "../library/entry.ts";
import { type Sort, usualSort } from "../library/sorting.ts";
import { useApp } from "../shell/context.ts";
import { filesOfDrop } from "../transfer/dropped.ts";
import { UploadButton } from "../transfer/upload-button.tsx";
import { Empty, Spinner } from "../ui/empty.tsx";
import { countText } from "../ui/format.ts";
import { Menu, type Point } from "../ui/menu.tsx";
import { run } from "../ui/run.ts";
import { Breadcrumbs, folderPath } from "./breadcrumbs.tsx";
import { downloadEntries } from "./download.ts";
import { FileGrid } from "./file-grid.tsx";
import { menuItems } from "./file-menu.ts";
import { HelpDialog } from "./help-dialog.tsx";
import { MoveDialog } from "./move-dialog.tsx";
import { NewFolderDialog } from "./new-folder-dialog.tsx";
import { SearchBox, SearchResults } from "./search.tsx";
import { nothing, only, type Selection } from "./selection.ts";
import { SelectionBar } from "./selection-bar.tsx";
import { useFileActions } from "./use-file-actions.tsx";
import { useChain, useFolder } from "./use-folder.ts";

const Preview = lazy(async () => ({ default: (await import("../preview/preview.tsx")).Preview }));
const VersionsDialog = lazy(async () => ({ default: (await import("./versions-dialog.tsx")).VersionsDialog }));
const ShareDialog = lazy(async () => ({ default: (await import("../share/share-dialog.tsx")).ShareDialog }));

type Open =
  | { readonly type: "new-folder" | "help" }
  | { readonly type: "move"; readonly entries: readonly Entry[] }
  | { readonly type: "preview" | "versions" | "share"; readonly entry: Entry };

const draggedType = "application/x-ashlar-nodes";

const isOurs = (event: DragEvent) => event.dataTransfer.types.includes(draggedType);
const areFiles = (event: DragEvent) => event.dataTransfer.types.includes("Files");

export function FilesPage({ folder }: { readonly folder: NodeId }) {
  const { library, transfers, connection } = useApp();
  const [, navigate] = useLocation();
  const actions = useFileActions();
  const [sort, setSort] = useState<Sort>(usualSort);
  const [selection, setSelection] = useState<Selection>(nothing);
  const [renaming, setRenaming] = useState<NodeId>();
  const [menuAt, setMenuAt] = useState<Point>();
  const [open, setOpen] = useState<Open>();
  const [query, setQuery] = useState("");
  const [isOver, setOver] = useState(false);
  const search = useRef<HTMLInputElement>(null);
  const dragged = useRef<readonly Entry[]>([]);
  const { listing, entries } = useFolder(library, folder, sort);
  const chain = useChain(library, folder);
  const title = folder === rootId ? "Files" : (chain?.at(-1)?.name ?? "…");

  useEffect(() => {
    document.title = `${title} · Ashlar`;
  }, [title]);
  useEffect(() => {
    setSelection(nothing);
    setQuery("");
    setRenaming(undefined);
  }, [folder]);

  const selected = entries.filter(({ node }) => selection.selected.has(node));
  const closeMenu = useCallback(() => setMenuAt(undefined), []);
  const close = useCallback(() => setOpen(undefined), []);

  const openEntry = (entry: Entry) => {
    if (entry.kind === "folder") navigate(folderPath(entry.node));
    else setOpen({ type: "preview", entry });
  };
  const does = {
    open: openEntry,
    rename: (entry: Entry) => setRenaming(entry.node),
    move: (chosen: readonly Entry[]) => setOpen({ type: "move", entries: chosen }),
    remove: actions.remove,
    download: (chosen: readonly Entry[]) => run(() => downloadEntries(connection.call, chosen)),
    share: (entry: Entry) => setOpen({ type: "share", entry }),
    versions: (entry: Entry) => setOpen({ type: "versions", entry }),
    rewind: (entry: Entry) => navigate(`/rewind?folder=${entry.node}`),
    show: (entry: Entry) => {
      setQuery("");
      navigate(folderPath(entry.parent));
    },
  };

  const onKey = (event: KeyboardEvent) => {
    const cursor = entries.find(({ node }) => node === selection.cursor);
    const chosen = selected.length > 0 || cursor === undefined ? selected : [cursor];
    if (event.key === "F2" && cursor !== undefined) setRenaming(cursor.node);
    else if (event.key === "Delete" && chosen.length > 0) actions.remove(chosen);
    else if ((event.key === "Backspace" || (event.key === "ArrowUp" && event.altKey)) && folder !== rootId)
      navigate(folderPath(chain?.at(-2)?.node ?? rootId));
    else return;
    event.preventDefault();
  };

  useEffect(() => {
    const onGlobalKey = (event: globalThis.KeyboardEvent) => {
      const { target } = event;
      if (target instanceof HTMLInputElement || target instanceof HTMLSelectElement || document.querySelector("dialog[open]") !== null)
        return;
      if (event.key === "/") search.current?.focus();
      else if (event.key === "?") setOpen({ type: "help" });
      else return;
      event.preventDefault();
    };
    document.addEventListener("keydown", onGlobalKey);
    return () => document.removeEventListener("keydown", onGlobalKey);
  }, []);

  const canDrop = (event: DragEvent, to?: Entry) =>
    areFiles(event) || (isOurs(event) && !dragged.current.some(({ node }) => node === to?.node));
  const dropOn = (event: DragEvent, to: NodeId) => {
    setOver(false);
    if (isOurs(event)) return actions.move(dragged.current, to);
    const dropping = filesOfDrop(event.dataTransfer);
    run(async () => transfers.add(to, await dropping));
  };

  return (
    <div
      className="files"
      data-over={isOver}
      onDragOver={(event) => {
        if (!areFiles(event)) return;
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={(event) => {
        if (!(event.relatedTarget instanceof Node && event.currentTarget.contains(event.relatedTarget))) setOver(false);
      }}
      onDrop={(event) => {
        if (!areFiles(event)) return;
        event.preventDefault();
        dropOn(event, folder);
      }}
    >
      <header className="files__head">
        <Breadcrumbs chain={chain} canDrop={canDrop} onDrop={dropOn} />
        <SearchBox ref={search} value={query} onChange={setQuery} />
        <div className="files__tools">
          <button
            type="button"
            className="icon-button files__help"
            aria-label="Keyboard help"
            title="Keyboard help (?)"
            onClick={() => setOpen({ type: "help" })}
          >
            <Keyboard size={18} aria-hidden />
          </button>
          <button type="button" className="button" onClick={() => setOpen({ type: "new-folder" })}>
            <FolderPlus size={17} aria-hidden />
            <span className="files__word">New folder</span>
          </button>
          <UploadButton folder={folder} />
        </div>
      </header>
      {query === "" ? (
        <section className="files__list" aria-label={title} aria-busy={listing.state.type === "loading"}>
          {body()}
        </section>
      ) : (
        <SearchResults query={query} does={does} />
      )}
      {query === "" && (
        <p className="files__foot muted number" role="status">
          {selected.length > 0
            ? `${countText(selected.length, "item")} selected`
            : listing.state.type === "loading"
              ? `Reading… ${entries.length > 0 ? countText(entries.length, "item") : ""}`
              : countText(entries.length, "item")}
        </p>
      )}
      {selected.length > 0 && query === "" && <SelectionBar entries={selected} does={does} onClear={() => setSelection(nothing)} />}
      {menuAt !== undefined && (
        <Menu
          label={selected.length > 0 ? "What is selected" : "This folder"}
          at={menuAt}
          items={
            selected.length > 0
              ? menuItems(selected, does)
              : [{ type: "action", id: "new", label: "New folder", icon: FolderPlus, run: () => setOpen({ type: "new-folder" }) }]
          }
          onClose={closeMenu}
        />
      )}
      {open?.type === "new-folder" && <NewFolderDialog parent={folder} onClose={close} onMade={(node) => setSelection(only(node))} />}
      {open?.type === "help" && <HelpDialog onClose={close} />}
      {open?.type === "move" && (
        <MoveDialog
          entries={open.entries}
          from={folder}
          onClose={close}
          onMove={(to) => {
            setOpen(undefined);
            actions.move(open.entries, to);
          }}
        />
      )}
      <Suspense fallback={null}>
        {open?.type === "preview" && (
          <Preview entry={open.entry} siblings={entries} onClose={close} onDownload={(entry) => does.download([entry])} />
        )}
        {open?.type === "versions" && <VersionsDialog entry={open.entry} onClose={close} />}
        {open?.type === "share" && <ShareDialog entry={open.entry} onClose={close} />}
      </Suspense>
      {isOver && (
        <div className="files__drop" aria-hidden>
          <Upload size={28} />
          Drop to upload to {title}
        </div>
      )}
    </div>
  );

  function body() {
    const { state } = listing;
    if (state.type === "failed" && entries.length === 0)
      return state.isGone ? (
        <Empty
          icon={FolderX}
          title="This folder is not there any more"
          actions={
            <>
              <button type="button" className="button button--primary" onClick={() => navigate("/")}>
                Go to your files
              </button>
              <button type="button" className="button" onClick={() => navigate("/trash")}>
                Look in the trash
              </button>
            </>
          }
        >
          It was deleted, perhaps on another device. What was deleted stays in the trash for 30 days.
        </Empty>
      ) : (
        <Empty
          icon={CloudOff}
          title="This folder cannot be read now"
          actions={
            <button type="button" className="button button--primary" onClick={() => library.reread(folder)}>
              Try again
            </button>
          }
        >
          {state.why}
        </Empty>
      );
    if (entries.length === 0)
      return state.type === "loading" ? (
        <Spinner label="Reading the folder" />
      ) : (
        <Empty
          icon={FolderOpen}
          title={folder === rootId ? "No files yet" : "This folder is empty"}
          actions={<UploadButton folder={folder} />}
        >
          Drop files or folders here, or sync a folder with <code className="mono">ashlar sync</code>.
        </Empty>
      );
    return (
      <FileGrid
        label={title}
        entries={entries}
        selection={selection}
        onSelect={setSelection}
        onOpen={openEntry}
        onMenu={setMenuAt}
        onKey={onKey}
        sort={sort}
        onSort={setSort}
        renaming={renaming}
        onRenamed={(entry, name) => {
          setRenaming(undefined);
          if (name !== undefined) actions.rename(entry, name);
        }}
        drag={{
          start(event, entry) {
            const chosen = selection.selected.has(entry.node) ? selected : [entry];
            dragged.current = chosen;
            event.dataTransfer.setData(draggedType, String(chosen.length));
            event.dataTransfer.effectAllowed = "move";
            if (!selection.selected.has(entry.node)) setSelection(only(entry.node));
          },
          canDrop,
          drop: (event, to) => dropOn(event, to.node),
        }}
      />
    );
  }
}
