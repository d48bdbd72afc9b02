import { ClockArrowUp, Download, Eye, FolderInput, FolderOpen, FolderSearch, History, Pencil, Share2, Trash2 } from "lucide-react";
import type { Entry } from "../library/entry.ts";
import type { MenuItem } from "../ui/menu.tsx";

export type FileDeeds = {
  readonly open: (entry: Entry) => void;
  readonly rename: (entry: Entry) => void;
  readonly move: (entries: readonly Entry[]) => void;
  readonly remove: (entries: readonly Entry[]) => void;
  readonly download: (entries: readonly Entry[]) => void;
  readonly share: (entry: Entry) => void;
  readonly versions: (entry: Entry) => void;
  readonly rewind: (entry: Entry) => void;
  readonly show: (entry: Entry) => void;
};

/** Of what a search found: besides, it has a folder to go to. */
export function foundItems(entries: readonly Entry[], does: FileDeeds): MenuItem[] {
  const [first] = entries;
  const items = menuItems(entries, does);
  if (entries.length !== 1 || first === undefined) return items;
  return items.flatMap((item): MenuItem[] =>
    item.id === "open"
      ? [item, { type: "action", id: "show", label: "Show in its folder", icon: FolderSearch, run: () => does.show(first) }]
      : [item],
  );
}

export function menuItems(entries: readonly Entry[], does: FileDeeds): MenuItem[] {
  const [first] = entries;
  const one = entries.length === 1 ? first : undefined;
  const items: MenuItem[] = [];
  if (one !== undefined) {
    const isFolder = one.kind === "folder";
    items.push(
      { type: "action", id: "open", label: "Open", icon: isFolder ? FolderOpen : Eye, keys: "Enter", run: () => does.open(one) },
      { type: "action", id: "share", label: "Share…", icon: Share2, run: () => does.share(one) },
    );
  }
  items.push(
    { type: "action", id: "download", label: "Download", icon: Download, run: () => does.download(entries) },
    { type: "line", id: "1" },
  );
  if (one !== undefined)
    items.push({ type: "action", id: "rename", label: "Rename", icon: Pencil, keys: "F2", run: () => does.rename(one) });
  items.push({ type: "action", id: "move", label: "Move…", icon: FolderInput, run: () => does.move(entries) });
  if (one?.kind === "file")
    items.push({ type: "action", id: "versions", label: "Versions…", icon: History, run: () => does.versions(one) });
  if (one?.kind === "folder")
    items.push({ type: "action", id: "rewind", label: "Rewind…", icon: ClockArrowUp, run: () => does.rewind(one) });
  items.push(
    { type: "line", id: "2" },
    { type: "action", id: "remove", label: "Delete", icon: Trash2, keys: "Del", isDanger: true, run: () => does.remove(entries) },
  );
  return items;
}
