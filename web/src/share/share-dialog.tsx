import { jsonBody, parsed } from "@ashlar/client/edge/caller";
import { shareDownloadsMax, sharePasswordCharsMin } from "@ashlar/shared/limits";
import { shareSchema } from "@ashlar/shared/protocol/share";
import { Check, Copy, Link as LinkIcon } from "lucide-react";
import { useRef, useState } from "react";
import type { Entry } from "../library/entry.ts";
import { useApp } from "../shell/context.ts";
import { Dialog } from "../ui/dialog.tsx";
import { Field } from "../ui/field.tsx";
import { messageOf } from "../ui/run.ts";

const dayMs = 24 * 60 * 60 * 1000;
const lives: readonly (readonly [string, number | undefined])[] = [
  ["Until I end it", undefined],
  ["1 day", dayMs],
  ["7 days", 7 * dayMs],
  ["30 days", 30 * dayMs],
];

export const wholeUrl = (url: string): string => new URL(url, location.href).href;

export function ShareDialog({ entry, onClose }: { readonly entry: Entry; readonly onClose: () => void }) {
  const { connection } = useApp();
  const [password, setPassword] = useState("");
  const [life, setLife] = useState(0);
  const [downloads, setDownloads] = useState("");
  const [fault, setFault] = useState<{ at: "password" | "downloads" | "page"; text: string }>();
  const [made, setMade] = useState<{ readonly url: string; readonly hasPassword: boolean }>();
  const [isBusy, setBusy] = useState(false);

  const make = async () => {
    if (password !== "" && password.length < sharePasswordCharsMin)
      return setFault({ at: "password", text: `A password has at least ${sharePasswordCharsMin} characters.` });
    const downloadsMax = downloads === "" ? undefined : Number(downloads);
    if (downloadsMax !== undefined && (!Number.isInteger(downloadsMax) || downloadsMax < 1 || downloadsMax > shareDownloadsMax))
      return setFault({ at: "downloads", text: `From 1 to ${shareDownloadsMax.toLocaleString()}, or nothing.` });
    const lifeMs = lives[life]?.[1];
    setBusy(true);
    setFault(undefined);
    try {
      const path = "/v1/shares";
      const body = jsonBody({
        node: entry.node,
        ...(password !== "" && { password }),
        ...(lifeMs !== undefined && { expiresAt: Date.now() + lifeMs }),
        ...(downloadsMax !== undefined && { downloadsMax }),
      });
      const share = parsed(shareSchema, path, await connection.call({ method: "POST", path, once: true, ...body }));
      // Only a list lacks links: those made under an older key of the server.
      if (share.url === null) throw new Error("The server made the link and did not tell it. End it under Shared, and make another.");
      setMade({ url: wholeUrl(share.url), hasPassword: share.hasPassword });
    } catch (error) {
      setFault({ at: "page", text: messageOf(error) });
    } finally {
      setBusy(false);
    }
  };

  if (made !== undefined) return <Made name={entry.name} {...made} onClose={onClose} />;
  return (
    <Dialog
      title={`Share “${entry.name}”`}
      onClose={onClose}
      onSubmit={() => void make()}
      actions={
        <>
          <button type="button" className="button" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" className="button button--primary" disabled={isBusy}>
            <LinkIcon size={16} aria-hidden />
            {isBusy ? "One moment…" : "Make a link"}
          </button>
        </>
      }
    >
      <p className="muted">
        Anybody with the link can see this {entry.kind === "folder" ? "folder" : "file"}, always as it is now, and download it. Nobody needs
        an account, and nobody learns who you are.
      </p>
      {fault?.at === "page" && (
        <p className="notice notice--danger" role="alert">
          {fault.text}
        </p>
      )}
      <Field
        label="Password (optional)"
        type="password"
        autoComplete="new-password"
        value={password}
        fault={fault?.at === "password" ? fault.text : undefined}
        onChange={(event) => setPassword(event.target.value)}
      />
      <label className="field">
        <span className="field__label">How long</span>
        <select className="input" value={life} onChange={(event) => setLife(Number(event.target.value))}>
          {lives.map(([label], index) => (
            <option key={label} value={index}>
              {label}
            </option>
          ))}
        </select>
      </label>
      <Field
        label="How many downloads (optional)"
        inputMode="numeric"
        value={downloads}
        fault={fault?.at === "downloads" ? fault.text : undefined}
        onChange={(event) => setDownloads(event.target.value)}
      />
    </Dialog>
  );
}

type MadeProps = { readonly name: string; readonly url: string; readonly hasPassword: boolean; readonly onClose: () => void };

function Made({ name, url, hasPassword, onClose }: MadeProps) {
  const input = useRef<HTMLInputElement>(null);
  const [isCopied, setCopied] = useState(false);
  const copy = async () => {
    input.current?.select();
    try {
      await navigator.clipboard.writeText(url);
      setCopied(true);
    } catch {
      // Not allowed here: the link is selected, for the keyboard.
    }
  };
  return (
    <Dialog
      title="The link is ready"
      onClose={onClose}
      actions={
        <button type="button" className="button" onClick={onClose}>
          Done
        </button>
      }
    >
      <p className="muted">
        “{name}” can be seen under this link.{hasPassword ? " Send the password in another way." : ""} You can end it under Shared.
      </p>
      <div className="copy">
        <input ref={input} className="input mono" aria-label="Link" readOnly value={url} onFocus={(event) => event.target.select()} />
        <button type="button" className="button button--primary" onClick={() => void copy()}>
          {isCopied ? <Check size={16} aria-hidden /> : <Copy size={16} aria-hidden />}
          <span role="status">{isCopied ? "Copied" : "Copy"}</span>
        </button>
      </div>
    </Dialog>
  );
}
