import type { Caller } from "@ashlar/client/edge/caller";
import type { Entry } from "../library/entry.ts";
import { archiveAddress, contentAddress } from "./content-address.ts";

/** One file as it is; more than one, or a folder, as an archive. */
export async function downloadEntries(call: Caller, entries: readonly Entry[]): Promise<void> {
  const [first] = entries;
  if (first === undefined) return;
  const isOneFile = entries.length === 1 && first.kind === "file";
  saveFrom(
    isOneFile
      ? await contentAddress(call, first.node, "download")
      : await archiveAddress(
          call,
          entries.map(({ node }) => node),
        ),
  );
}

/** The browser's own download: it needs no memory, goes on in the background, and knows where to save. */
export function saveFrom(url: string): void {
  const link = document.createElement("a");
  link.href = url;
  link.download = "";
  document.body.append(link);
  link.click();
  link.remove();
}
