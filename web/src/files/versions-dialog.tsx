import { updateTo } from "@ashlar/client/history/restore";
import { carryOut } from "@ashlar/client/history/carry-out";
import type { VersionRow, VersionsPage } from "@ashlar/shared/protocol/history";
import { Download, RotateCcw } from "lucide-react";
import { useCallback } from "react";
import type { Entry } from "../library/entry.ts";
import { conflictText } from "../library/conflicts.ts";
import { newOpId } from "../platform/random.ts";
import { useApp } from "../shell/context.ts";
import { Dialog } from "../ui/dialog.tsx";
import { bytesText, momentText } from "../ui/format.ts";
import { Answered } from "../ui/page.tsx";
import { run } from "../ui/run.ts";
import { say, sayFault } from "../ui/toasts.tsx";
import { useAsked } from "../ui/use-asked.ts";
import { contentAddress } from "./content-address.ts";
import { saveFrom } from "./download.ts";

/** A file's versions are listed up to here; more are for the command. */
const versionsMax = 500;

export function VersionsDialog({ entry, onClose }: { readonly entry: Entry; readonly onClose: () => void }) {
  const { connection, library } = useApp();
  const { asked, again } = useAsked(
    useCallback(
      async (signal: AbortSignal) => {
        let page: VersionsPage = await connection.history.versions(entry.node, null, signal);
        const versions = [...page.versions];
        while (page.next !== null && versions.length < versionsMax) {
          page = await connection.history.versions(entry.node, page.next, signal);
          versions.push(...page.versions);
        }
        return { node: page.node, versions };
      },
      [connection, entry.node],
    ),
  );

  const restore = (node: VersionsPage["node"], version: VersionRow) =>
    run(async () => {
      const left = await carryOut([updateTo(node, version)], {
        edge: connection.edge,
        newOpId,
        date: new Date().toISOString().slice(0, 10),
        signal: new AbortController().signal,
        onChange: (change) => library.learnChanges([change]),
      });
      if (left[0] !== undefined) sayFault(conflictText(left[0].reason, entry.name));
      else say(`“${entry.name}” is as it was on ${momentText(version.createdAt)}. The version before it is kept.`);
      again();
    });
  const look = (version: VersionRow) =>
    run(async () => saveFrom(await contentAddress(connection.call, entry.node, "download", { version: version.version })));

  return (
    <Dialog title={`Versions of “${entry.name}”`} onClose={onClose} isWide>
      <Answered asked={asked} again={again}>
        {({ node, versions }) => (
          <ul className="rows">
            {versions.map((version) => (
              <li key={version.version} className="rows__item">
                <div className="rows__text">
                  <span className="rows__title">
                    {momentText(version.createdAt)}
                    {version.supersededAt === null && <span className="tag">Now</span>}
                  </span>
                  <span className="muted number">
                    {bytesText(version.size)} · {version.deviceName ?? "a device that is gone"}
                  </span>
                </div>
                <button
                  type="button"
                  className="icon-button"
                  aria-label={`Download the version of ${momentText(version.createdAt)}`}
                  title="Download"
                  onClick={() => look(version)}
                >
                  <Download size={17} aria-hidden />
                </button>
                {version.supersededAt !== null && (
                  <button type="button" className="button" onClick={() => restore(node, version)}>
                    <RotateCcw size={15} aria-hidden />
                    <span className="rows__word">Restore</span>
                  </button>
                )}
              </li>
            ))}
          </ul>
        )}
      </Answered>
      <p className="muted">Older versions are kept for 30 days.</p>
    </Dialog>
  );
}
