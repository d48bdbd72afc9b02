import type { NodeId } from "@ashlar/shared/ids";
import { File, Folder, Upload } from "lucide-react";
import { useCallback, useRef, useState } from "react";
import { useApp } from "../shell/context.ts";
import { Menu, type Point } from "../ui/menu.tsx";
import { run } from "../ui/run.ts";
import { filesOfInput } from "./dropped.ts";

export function UploadButton({ folder }: { readonly folder: NodeId }) {
  const { transfers } = useApp();
  const button = useRef<HTMLButtonElement>(null);
  const files = useRef<HTMLInputElement>(null);
  const folders = useRef<HTMLInputElement>(null);
  const [at, setAt] = useState<Point>();
  const close = useCallback(() => setAt(undefined), []);
  const take = (input: HTMLInputElement) => {
    const { files: chosen } = input;
    if (chosen !== null) {
      const dropped = filesOfInput(chosen);
      run(() => transfers.add(folder, dropped));
    }
    // The same file may be chosen again.
    input.value = "";
  };
  return (
    <>
      <button
        ref={button}
        type="button"
        className="button button--primary"
        aria-haspopup="menu"
        aria-label="Upload"
        onClick={() => {
          const box = button.current?.getBoundingClientRect();
          if (box !== undefined) setAt({ x: box.left, y: box.bottom + 4 });
        }}
      >
        <Upload size={17} aria-hidden />
        <span className="files__word">Upload</span>
      </button>
      <input ref={files} type="file" multiple hidden data-upload="files" onChange={(event) => take(event.target)} />
      <input ref={folders} type="file" multiple hidden data-upload="folder" webkitdirectory="" onChange={(event) => take(event.target)} />
      {at !== undefined && (
        <Menu
          label="Upload"
          at={at}
          onClose={close}
          items={[
            { type: "action", id: "files", label: "Files…", icon: File, run: () => files.current?.click() },
            { type: "action", id: "folder", label: "A folder…", icon: Folder, run: () => folders.current?.click() },
          ]}
        />
      )}
    </>
  );
}
