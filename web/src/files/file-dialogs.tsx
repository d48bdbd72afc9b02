/** What opens over a list of files: a preview, or a dialog about one or several of them. */
import type { NodeId } from "@ashlar/shared/ids";
import { lazy } from "react";
import type { Entry } from "../library/entry.ts";
import { Loaded } from "../ui/boundary.tsx";
import { HelpDialog } from "./help-dialog.tsx";
import { MoveDialog } from "./move-dialog.tsx";
import { NewFolderDialog } from "./new-folder-dialog.tsx";

const Preview = lazy(async () => ({ default: (await import("../preview/preview.tsx")).Preview }));
const VersionsDialog = lazy(async () => ({ default: (await import("./versions-dialog.tsx")).VersionsDialog }));
const ShareDialog = lazy(async () => ({ default: (await import("../share/share-dialog.tsx")).ShareDialog }));

export type OpenDialog =
  | { readonly type: "new-folder" | "help" }
  | { readonly type: "move"; readonly entries: readonly Entry[] }
  | { readonly type: "preview"; readonly entry: Entry; readonly siblings: readonly Entry[] }
  | { readonly type: "versions" | "share"; readonly entry: Entry };

type FileDialogsProps = {
  readonly open: OpenDialog | undefined;
  readonly folder: NodeId;
  readonly onClose: () => void;
  readonly onMade: (folder: NodeId) => void;
  readonly onMove: (entries: readonly Entry[], to: NodeId) => void;
  readonly onDownload: (entry: Entry) => void;
};

export function FileDialogs({ open, folder, onClose, onMade, onMove, onDownload }: FileDialogsProps) {
  switch (open?.type) {
    case undefined:
      return null;
    case "new-folder":
      return <NewFolderDialog parent={folder} onClose={onClose} onMade={onMade} />;
    case "help":
      return <HelpDialog onClose={onClose} />;
    case "move":
      return (
        <MoveDialog
          entries={open.entries}
          from={open.entries[0]?.parent ?? folder}
          onClose={onClose}
          onMove={(to) => {
            onClose();
            onMove(open.entries, to);
          }}
        />
      );
    case "preview":
      return (
        <Loaded onClose={onClose}>
          <Preview entry={open.entry} siblings={open.siblings} onClose={onClose} onDownload={onDownload} />
        </Loaded>
      );
    case "versions":
      return (
        <Loaded onClose={onClose}>
          <VersionsDialog entry={open.entry} onClose={onClose} />
        </Loaded>
      );
    case "share":
      return (
        <Loaded onClose={onClose}>
          <ShareDialog entry={open.entry} onClose={onClose} />
        </Loaded>
      );
  }
}
