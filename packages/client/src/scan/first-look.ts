import type { NodeId } from "@ashlar/shared/ids";
import type { RelativePath } from "../ports.ts";
import type { ScanOptions } from "./scan.ts";
import type { Hindrance, Observation, ScanResult } from "./types.ts";
import { vet } from "./vet.ts";
import { foldersAtOnce, listOrHinder } from "./walk.ts";

/** So many observations are told together. */
const toldMax = 1000;

type Folder = { readonly path: RelativePath; readonly id: NodeId };

/**
 * The look at a tree of which nothing is known. There is no move to recognise, so what is found is told as the walk goes, and memory does
 * not follow the size of the tree. Rejects as `scan` does; what was told before stays true.
 */
export async function firstLook(options: ScanOptions, tell: (observations: readonly Observation[]) => void): Promise<ScanResult> {
  const { disk, ignore, signal, rootId } = options;
  const hindrances: Hindrance[] = [];
  const waiting: Folder[] = [{ path: "", id: rootId }];
  let found: Observation[] = [];
  let foldersSeen = 0;
  let entriesSeen = 0;
  const tellSome = () => {
    tell(found);
    found = [];
  };

  while (waiting.length > 0) {
    signal?.throwIfAborted();
    const batch = waiting.splice(-foldersAtOnce);
    // The watch first, as in every walk.
    for (const { path } of batch) options.onFolder?.(path);
    const listings = await Promise.all(batch.map(({ path }) => listOrHinder(path, { hindrances }, { disk, ignore })));
    for (const [index, { path: folder, id: parent }] of batch.entries()) {
      const listed = listings[index];
      if (listed === undefined) continue;
      foldersSeen++;
      entriesSeen += listed.entries.length;
      const { entries, hindered } = vet(folder, listed.entries, new Map(), ignore);
      for (const { hindrance } of hindered) hindrances.push(hindrance);
      for (const { path, name, spelling, kind, stat } of entries) {
        const id = options.newId();
        found.push({ type: "appeared", id, parent, name, spelling, kind, stat });
        if (kind === "folder") waiting.push({ path, id });
        if (found.length >= toldMax) tellSome();
      }
    }
  }
  tellSome();
  return { observations: [], hindrances, ignored: [], foldersSeen, entriesSeen, unseen: [] };
}
