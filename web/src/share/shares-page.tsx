import { parsed } from "@ashlar/client/edge/caller";
import { type Share, sharesSchema } from "@ashlar/shared/protocol/share";
import { Copy, Link as LinkIcon, Lock } from "lucide-react";
import { useCallback } from "react";
import { useApp } from "../shell/context.ts";
import { Empty } from "../ui/empty.tsx";
import { agoText, countText, momentText } from "../ui/format.ts";
import { Answered, Page } from "../ui/page.tsx";
import { run } from "../ui/run.ts";
import { say } from "../ui/toasts.tsx";
import { useAsked } from "../ui/use-asked.ts";
import { wholeUrl } from "./share-dialog.tsx";

export function SharesPage() {
  const { connection } = useApp();
  const { asked, again } = useAsked(
    useCallback(
      async (signal: AbortSignal) => {
        const path = "/v1/shares";
        return parsed(sharesSchema, path, await connection.call({ method: "GET", path, signal })).shares;
      },
      [connection],
    ),
  );
  const end = (share: Share) =>
    run(async () => {
      await connection.call({ method: "DELETE", path: `/v1/shares/${share.id}` });
      say("The link is no good any more.");
      again();
    });
  return (
    <Page title="Shared" intro="Links to your files and folders. Whoever has one needs no account.">
      <Answered asked={asked} again={again}>
        {(shares) =>
          shares.length === 0 ? (
            <Empty icon={LinkIcon} title="Nothing is shared">
              Choose Share in the menu of a file or folder to make a link.
            </Empty>
          ) : (
            <ul className="rows rows--page">
              {shares.map((share) => (
                <li key={share.id} className="rows__item">
                  {share.hasPassword ? <Lock size={20} aria-label="With a password" /> : <LinkIcon size={20} aria-hidden />}
                  <div className="rows__text">
                    <span className="rows__title truncate">{nameOf(share)}</span>
                    <span className="muted number">{factsOf(share)}</span>
                  </div>
                  {share.url !== null && <CopyButton url={share.url} name={nameOf(share)} />}
                  <button type="button" className="button" aria-label={`End the link to ${nameOf(share)}`} onClick={() => end(share)}>
                    End
                  </button>
                </li>
              ))}
            </ul>
          )
        }
      </Answered>
    </Page>
  );
}

function CopyButton({ url, name }: { readonly url: string; readonly name: string }) {
  const copy = () =>
    run(async () => {
      await navigator.clipboard.writeText(wholeUrl(url));
      say("The link is copied.");
    });
  return (
    <button type="button" className="icon-button" aria-label={`Copy the link to ${name}`} onClick={copy}>
      <Copy size={17} aria-hidden />
    </button>
  );
}

function nameOf({ path }: Share): string {
  if (path === null) return "Something that is deleted now";
  return path === "" ? "All files" : path;
}

function factsOf({ createdAt, expiresAt, downloads, downloadsMax }: Share): string {
  const used = downloadsMax === null ? countText(downloads, "download") : `${downloads} of ${countText(downloadsMax, "download")}`;
  const life = expiresAt === null ? "" : expiresAt < Date.now() ? " · over" : ` · until ${momentText(expiresAt)}`;
  return `Made ${agoText(createdAt, Date.now())} · ${used}${life}`;
}
