/** A file, shown over the page. Whatever it holds, none of it runs here: it is media, text, pixels or cleaned markup. */
import { ChevronLeft, ChevronRight, Download, FileQuestion, X } from "lucide-react";
import { lazy, Suspense, useCallback, useEffect, useRef, useState } from "react";
import { contentAddress } from "../files/content-address.ts";
import { KindIcon } from "../files/kind-icon.tsx";
import { type PreviewKind, previewOf } from "../files/kinds.ts";
import { useApp } from "../shell/context.ts";
import type { Entry } from "../library/entry.ts";
import { useStore } from "../platform/store.ts";
import { Empty, Spinner } from "../ui/empty.tsx";
import { bytesText } from "../ui/format.ts";
import { Answered } from "../ui/page.tsx";
import { useAsked } from "../ui/use-asked.ts";
import { TextView } from "./text-view.tsx";

const MarkdownView = lazy(async () => ({ default: (await import("./markdown-view.tsx")).MarkdownView }));
const PdfView = lazy(async () => ({ default: (await import("./pdf-view.tsx")).PdfView }));

export type Shown = Pick<Entry, "node" | "name" | "kind" | "size" | "version">;

type PreviewProps = {
  readonly entry: Entry;
  readonly siblings: readonly Entry[];
  readonly onClose: () => void;
  readonly onDownload: (entry: Entry) => void;
};

export function Preview({ entry, siblings, onClose, onDownload }: PreviewProps) {
  const { connection, library } = useApp();
  const [shown, setShown] = useState(entry);
  // Others may have been changed or deleted since. The one that is shown stays, as the place that the arrows go from.
  useStore(library.revision);
  const others = siblings.flatMap((one) => (one.node === shown.node ? shown : (library.latest(one) ?? [])));
  const address = useCallback(
    (signal: AbortSignal) => contentAddress(connection.call, shown.node, "inline", { version: shown.version, signal }),
    [connection, shown],
  );
  return (
    <PreviewFrame
      entry={shown}
      siblings={others}
      address={address}
      onShow={setShown}
      onClose={onClose}
      onDownload={() => onDownload(shown)}
    />
  );
}

type FrameProps<One extends { readonly name: string; readonly kind: string; readonly size: number; readonly node: string }> = {
  readonly entry: One;
  readonly siblings: readonly One[];
  readonly address: (signal: AbortSignal) => Promise<string>;
  readonly onShow: (entry: One) => void;
  readonly onClose: () => void;
  readonly onDownload: () => void;
};

/** Also of shared files, which are read in another way. */
export function PreviewFrame<One extends { readonly name: string; readonly kind: string; readonly size: number; readonly node: string }>({
  entry,
  siblings,
  address,
  onShow,
  onClose,
  onDownload,
}: FrameProps<One>) {
  const dialog = useRef<HTMLDialogElement>(null);
  const close = useRef<HTMLButtonElement>(null);
  const files = siblings.filter(({ kind }) => kind === "file");
  const at = files.findIndex(({ node }) => node === entry.node);
  const goTo = (by: number) => {
    const next = files[at + by];
    if (next !== undefined) onShow(next);
  };
  useEffect(() => {
    const before = document.activeElement;
    if (dialog.current?.open === false) dialog.current.showModal();
    close.current?.focus();
    return () => {
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, []);
  return (
    <dialog
      ref={dialog}
      className="preview"
      aria-label={entry.name}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onKeyDown={(event) => {
        event.stopPropagation();
        if (event.target instanceof HTMLMediaElement) return;
        if (event.key === "ArrowLeft") goTo(-1);
        if (event.key === "ArrowRight") goTo(1);
      }}
    >
      <header className="preview__head">
        <h2 className="truncate">{entry.name}</h2>
        <span className="muted number">{bytesText(entry.size)}</span>
        <button type="button" className="icon-button" aria-label="Previous file" disabled={at <= 0} onClick={() => goTo(-1)}>
          <ChevronLeft size={19} aria-hidden />
        </button>
        <button
          type="button"
          className="icon-button"
          aria-label="Next file"
          disabled={at < 0 || at >= files.length - 1}
          onClick={() => goTo(1)}
        >
          <ChevronRight size={19} aria-hidden />
        </button>
        <button type="button" className="icon-button" aria-label="Download" onClick={onDownload}>
          <Download size={18} aria-hidden />
        </button>
        <button type="button" className="icon-button" aria-label="Close" ref={close} onClick={onClose}>
          <X size={19} aria-hidden />
        </button>
      </header>
      <div className="preview__body">
        <Body key={entry.node} entry={entry} address={address} onDownload={onDownload} />
      </div>
    </dialog>
  );
}

type BodyProps = {
  readonly entry: { readonly name: string; readonly size: number };
  readonly address: (signal: AbortSignal) => Promise<string>;
  readonly onDownload: () => void;
};

function Body({ entry, address, onDownload }: BodyProps) {
  const { asked, again } = useAsked(address);
  const kind = previewOf(entry.name);
  if (kind === undefined) return <None onDownload={onDownload} />;
  return (
    <Answered asked={asked} again={again}>
      {(url) => (
        <Suspense fallback={<Spinner label="Opening" />}>
          <Content kind={kind} url={url} name={entry.name} onDownload={onDownload} />
        </Suspense>
      )}
    </Answered>
  );
}

function Content({ kind, url, name, onDownload }: { kind: PreviewKind; url: string; name: string; onDownload: () => void }) {
  const [isBroken, setBroken] = useState(false);
  const broken = () => setBroken(true);
  if (isBroken) return <None onDownload={onDownload} />;
  switch (kind) {
    case "image":
      return <img className="preview__media" src={url} alt={name} onError={broken} />;
    case "video":
      return <video className="preview__media" src={url} controls autoPlay onError={broken} aria-label={name} />;
    case "audio":
      return (
        <div className="preview__sound">
          <KindIcon entry={{ name, kind: "file" }} size={72} />
          <p className="truncate">{name}</p>
          <audio src={url} controls autoPlay onError={broken} aria-label={name} />
        </div>
      );
    case "pdf":
      return <PdfView url={url} onBroken={broken} />;
    case "markdown":
      return <MarkdownView url={url} />;
    case "text":
      return <TextView url={url} name={name} onBinary={broken} />;
  }
}

function None({ onDownload }: { readonly onDownload: () => void }) {
  return (
    <Empty
      icon={FileQuestion}
      title="This file cannot be shown here"
      actions={
        <button type="button" className="button button--primary" onClick={onDownload}>
          <Download size={17} aria-hidden />
          Download it
        </button>
      }
    >
      Download it to open it with a program of your own.
    </Empty>
  );
}
