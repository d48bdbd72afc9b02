/** The list of a folder's entries, or why there is none to show. */
import { rootId, type NodeId } from "@ashlar/shared/ids";
import { CloudOff, FolderOpen, FolderX } from "lucide-react";
import type { ReactNode } from "react";
import { useLocation } from "wouter";
import type { Entry } from "../library/entry.ts";
import type { Listing } from "../library/library.ts";
import { useApp } from "../shell/context.ts";
import { UploadButton } from "../transfer/upload-button.tsx";
import { Empty, Spinner } from "../ui/empty.tsx";
import { useMediaQuery } from "../ui/use-media-query.ts";

type FolderViewProps = {
  readonly folder: NodeId;
  readonly listing: Listing;
  readonly entries: readonly Entry[];
  /** The list, where there is something to list. */
  readonly children: ReactNode;
};

export function FolderView({ folder, listing: { state }, entries, children }: FolderViewProps) {
  const { library } = useApp();
  const isTouch = useMediaQuery("(hover: none)");
  if (entries.length > 0) return children;
  if (state.type === "loading") return <Spinner label="Reading the folder" />;
  if (state.type === "ready")
    return (
      <Empty
        icon={FolderOpen}
        title={folder === rootId ? "No files yet" : "This folder is empty"}
        actions={<UploadButton folder={folder} />}
      >
        {isTouch ? "Upload files" : "Drop files or folders here"}, or sync a folder of a computer with{" "}
        <code className="mono">ashlar sync</code>.
      </Empty>
    );
  if (state.isGone) return <Gone />;
  return (
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
}

function Gone() {
  const [, navigate] = useLocation();
  return (
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
  );
}
