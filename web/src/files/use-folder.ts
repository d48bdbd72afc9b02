import { rootId, type NodeId } from "@ashlar/shared/ids";
import { useEffect, useMemo, useState } from "react";
import type { Entry } from "../library/entry.ts";
import type { Library, Listing } from "../library/library.ts";
import { createSorter, type Sort } from "../library/sorting.ts";
import { useStore } from "../platform/store.ts";

/** A folder's entries in order, kept right as they change. */
export function useFolder(library: Library, folder: NodeId, sort: Sort): { listing: Listing; entries: readonly Entry[] } {
  const listing = useStore(library.listing(folder));
  // A sorter remembers what it sorted: it is of one folder in one order.
  const sorter = useMemo(() => ({ inOrder: createSorter(sort), folder }), [sort, folder]);
  const entries = useMemo(() => sorter.inOrder(library.childrenOf(sorter.folder)), [library, sorter, listing.revision]);
  return { listing, entries };
}

/** The folders from below the root to this one; undefined while they are asked for. */
export function useChain(library: Library, folder: NodeId): readonly Entry[] | undefined {
  const [chain, setChain] = useState<{ folder: NodeId; entries: readonly Entry[] }>();
  const listing = useStore(library.listing(folder));
  const news = useStore(library.news);
  const commits = useStore(library.commits);
  useEffect(() => {
    let isWanted = true;
    const ask = async () => {
      try {
        const entries = await library.chainOf(folder);
        if (isWanted) setChain({ folder, entries });
      } catch {
        // The listing says why.
      }
    };
    void ask();
    return () => {
      isWanted = false;
    };
  }, [library, folder, listing.revision, news, commits]);
  if (folder === rootId) return [];
  return chain?.folder === folder ? chain.entries : undefined;
}
