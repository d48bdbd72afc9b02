import type { BlockHash } from "@ashlar/shared/ids";
import { locateHashesMax, locationsCachedMax } from "@ashlar/shared/limits";
import type { BlockLocation } from "@ashlar/shared/protocol/block";
import { createBatcher } from "../common/batcher.ts";
import type { Edge } from "../ports.ts";

/** Signed addresses of blocks that are wanted and not fetched yet. */
export type Locator = {
  /** The block's address, remembered or asked for together with others'. Undefined: the server has it not, for this user. */
  readonly locate: (hash: BlockHash, signal: AbortSignal) => Promise<BlockLocation | undefined>;
  /** The block is here, or its address no good any more. */
  readonly forget: (hash: BlockHash) => void;
  /** What else is wanted from the pack at this address. */
  readonly wantedFrom: (url: string) => Iterable<BlockLocation>;
};

export function createLocator(edge: Pick<Edge, "locate">): Locator {
  const byHash = new Map<BlockHash, BlockLocation>();
  const byUrl = new Map<string, Map<BlockHash, BlockLocation>>();
  const ask = createBatcher<BlockHash, BlockLocation | "absent">({
    batchMax: locateHashesMax,
    async run(hashes, signal) {
      const found = new Map((await edge.locate(hashes, signal)).map((location) => [location.hash, location]));
      return hashes.map((hash) => found.get(hash) ?? "absent");
    },
  });

  function remember(location: BlockLocation): void {
    forget(location.hash);
    const { value: oldest } = byHash.keys().next();
    if (byHash.size >= locationsCachedMax && oldest !== undefined) forget(oldest);
    byHash.set(location.hash, location);
    const pack = byUrl.get(location.url) ?? new Map<BlockHash, BlockLocation>();
    byUrl.set(location.url, pack.set(location.hash, location));
  }

  function forget(hash: BlockHash): void {
    const location = byHash.get(hash);
    if (location === undefined) return;
    byHash.delete(hash);
    const pack = byUrl.get(location.url);
    pack?.delete(hash);
    if (pack?.size === 0) byUrl.delete(location.url);
  }

  return {
    async locate(hash, signal) {
      const known = byHash.get(hash);
      if (known !== undefined) return known;
      const location = await ask(hash, signal);
      if (location === "absent") return undefined;
      remember(location);
      return location;
    },
    forget,
    wantedFrom: (url) => byUrl.get(url)?.values() ?? [],
  };
}
