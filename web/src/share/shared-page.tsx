/** What a person with a link sees: no account, and nothing of whose it is. */
import { Download, Link2Off, Lock } from "lucide-react";
import { lazy, useCallback, useEffect, useState } from "react";
import type { SharedNode, ShareInfo } from "@ashlar/shared/protocol/share";
import { saveFrom } from "../files/download.ts";
import { KindIcon } from "../files/kind-icon.tsx";
import { call } from "../session/session.ts";
import { Loaded } from "../ui/boundary.tsx";
import { Empty, Spinner } from "../ui/empty.tsx";
import { Field } from "../ui/field.tsx";
import { bytesText, countText, momentText } from "../ui/format.ts";
import { Logo } from "../ui/logo.tsx";
import { codeOf, messageOf, run } from "../ui/run.ts";
import { useAsked } from "../ui/use-asked.ts";
import { SharedFolder } from "./shared-folder.tsx";
import { type Guest, openShare, shareInfo } from "./ticket.ts";

const PreviewFrame = lazy(async () => ({ default: (await import("../preview/preview.tsx")).PreviewFrame<SharedNode> }));

export function SharedPage({ token }: { readonly token: string }) {
  const { asked } = useAsked(
    useCallback(
      async (signal: AbortSignal) => {
        try {
          return await shareInfo(call, token, signal);
        } catch (error) {
          if (codeOf(error) === "not-found") return undefined;
          throw error;
        }
      },
      [token],
    ),
  );
  useEffect(() => {
    document.title = "Shared with you · Ashlar";
  }, []);
  return (
    <div className="guest">
      <header className="guest__head">
        <Logo size={26} />
        <span>Ashlar</span>
      </header>
      <main className="guest__main">
        {asked.state === "asking" && <Spinner label="Opening" />}
        {asked.state === "failed" && (
          <Empty isPage icon={Link2Off} title="This cannot be opened now">
            {asked.why}
          </Empty>
        )}
        {asked.state === "here" && asked.value === undefined && <Over />}
        {asked.state === "here" && asked.value !== undefined && <Open token={token} info={asked.value} />}
      </main>
    </div>
  );
}

function Over() {
  return (
    <Empty isPage icon={Link2Off} title="There is nothing under this link">
      It may have been ended, or was not copied whole. Ask whoever sent it for a new one.
    </Empty>
  );
}

function Open({ token, info }: { readonly token: string; readonly info: ShareInfo }) {
  const [guest, setGuest] = useState<Guest>();
  const [isOver, setOver] = useState(false);
  const [fault, setFault] = useState<string>();
  const [password, setPassword] = useState("");

  const enter = useCallback(
    async (typed: string | undefined) => {
      try {
        setGuest(await openShare(call, token, typed));
      } catch (error) {
        if (codeOf(error) === "not-found") setOver(true);
        else setFault(codeOf(error) === "wrong-share-password" ? "That is not the password." : messageOf(error));
      }
    },
    [token],
  );
  useEffect(() => {
    if (!info.needsPassword) void enter(undefined);
  }, [info, enter]);

  if (isOver) return <Over />;
  if (guest !== undefined) return <Shared guest={guest} expiresAt={info.expiresAt} onOver={() => setOver(true)} />;
  if (!info.needsPassword)
    return fault === undefined ? (
      <Spinner label="Opening" />
    ) : (
      <Empty isPage icon={Link2Off} title="This cannot be opened now">
        {fault}
      </Empty>
    );
  return (
    <form
      className="gate__card guest__gate"
      onSubmit={(event) => {
        event.preventDefault();
        setFault(undefined);
        void enter(password);
      }}
    >
      <Lock size={30} aria-hidden />
      <div>
        <h1>Protected by a password</h1>
        <p className="muted">Whoever sent you the link has it.</p>
      </div>
      <Field
        label="Password"
        type="password"
        autoFocus
        autoComplete="off"
        value={password}
        fault={fault}
        onChange={(event) => setPassword(event.target.value)}
      />
      <button type="submit" className="button button--primary gate__enter">
        Open
      </button>
    </form>
  );
}

type SharedProps = { readonly guest: Guest; readonly expiresAt: number | null; readonly onOver: () => void };

function Shared({ guest, expiresAt, onOver }: SharedProps) {
  const { root } = guest.opened;
  const [shown, setShown] = useState<{ file: SharedNode; among: readonly SharedNode[] }>();
  const [left, setLeft] = useState(guest.opened.downloadsLeft);
  /** Each address that is given counts. */
  const counted = useCallback(async (address: Promise<string>) => {
    const url = await address;
    setLeft((before) => (before === null ? null : Math.max(0, before - 1)));
    return url;
  }, []);
  const address = useCallback(
    async () => (shown === undefined ? "" : counted(guest.address(shown.file, "inline"))),
    [guest, shown, counted],
  );
  const download = (node: SharedNode) =>
    run(async () => {
      try {
        saveFrom(await counted(node.kind === "file" ? guest.address(node, "download") : guest.archive([node])));
      } catch (error) {
        if (codeOf(error) !== "not-found") throw error;
        onOver();
      }
    });
  return (
    <>
      <div className={root.kind === "file" ? "guest__title guest__title--file" : "guest__title"}>
        <KindIcon entry={root} size={root.kind === "file" ? 56 : 30} />
        <div className="guest__name">
          <h1>{root.name === "" ? "All files" : root.name}</h1>
          <p className="muted number">
            {root.kind === "file" ? bytesText(root.size) : "Folder"}
            {expiresAt !== null && ` · until ${momentText(expiresAt)}`}
            {left !== null && ` · ${left === 0 ? "no downloads" : countText(left, "download")} left`}
          </p>
        </div>
        {root.kind === "file" && (
          <button type="button" className="button" onClick={() => setShown({ file: root, among: [root] })}>
            Preview
          </button>
        )}
        <button type="button" className="button button--primary" onClick={() => download(root)}>
          <Download size={17} aria-hidden />
          {root.kind === "file" ? "Download" : "Download all"}
        </button>
      </div>
      {root.kind === "folder" && <SharedFolder guest={guest} onShow={(file, among) => setShown({ file, among })} onDownload={download} />}
      {shown !== undefined && (
        <Loaded onClose={() => setShown(undefined)}>
          <PreviewFrame
            entry={shown.file}
            siblings={shown.among}
            address={address}
            onShow={(file) => setShown({ ...shown, file })}
            onClose={() => setShown(undefined)}
            onDownload={() => download(shown.file)}
          />
        </Loaded>
      )}
    </>
  );
}
