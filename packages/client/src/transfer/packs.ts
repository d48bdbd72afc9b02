import { packCacheBytesMax, packGapBytesMax } from "@ashlar/shared/limits";
import type { BlockLocation } from "@ashlar/shared/protocol/block";
import { type Join, shareWork } from "../common/abort.ts";

/** A block inside of a pack. */
export type PackedLocation = BlockLocation & { readonly offset: number };

type Range = { readonly offset: number; readonly length: number };
type Part = Range & { readonly url: string; readonly join: Join<Uint8Array> };

export type Packs = {
  /** The block's bytes, unverified. Files that want neighbours at about the same time share one request. */
  read(location: PackedLocation, signal: AbortSignal): Promise<Uint8Array>;
  /** Begins to fetch what is wanted there. False: there is no room to keep it. Failures are left to whoever reads. */
  readAhead(location: PackedLocation, signal: AbortSignal): boolean;
  /** These bytes were wrong, or never came. */
  forget(url: string): void;
};

export type PacksOptions = {
  readonly fetch: (url: string, range: Range, signal: AbortSignal) => Promise<Uint8Array>;
  readonly wantedFrom: (url: string) => Iterable<BlockLocation>;
};

/** Half is for what is being used. */
const aheadBytesMax = packCacheBytesMax / 2;

/** Parts of packs, fetched once for all the wanted blocks in them, and kept a little for the files that come for those. */
export function createPacks({ fetch, wantedFrom }: PacksOptions): Packs {
  /** From the oldest to the newest. */
  const parts = new Set<Part>();
  const byUrl = new Map<string, Set<Part>>();
  let bytesKept = 0;
  let bytesAhead = 0;

  function drop(part: Part): void {
    if (!parts.delete(part)) return;
    bytesKept -= part.length;
    const siblings = byUrl.get(part.url);
    siblings?.delete(part);
    if (siblings?.size === 0) byUrl.delete(part.url);
  }

  function keep(part: Part): void {
    parts.add(part);
    byUrl.set(part.url, (byUrl.get(part.url) ?? new Set()).add(part));
    bytesKept += part.length;
    for (const oldest of parts) {
      if (bytesKept <= packCacheBytesMax || oldest === part) break;
      drop(oldest);
    }
  }

  /** With what is wanted around it and not on its way yet. */
  function rangeWith(location: PackedLocation): Range {
    const wanted = [...wantedFrom(location.url)].filter(isPacked);
    return rangeAround(
      location,
      wanted.filter((other) => partWith(other) === undefined),
    );
  }

  function begin(location: PackedLocation, range = rangeWith(location)): Part {
    const { url } = location;
    const join = shareWork(
      async (signal) => {
        try {
          return await fetch(url, range, signal);
        } catch (error) {
          drop(part);
          throw error;
        }
      },
      () => drop(part),
    );
    const part: Part = { url, ...range, join };
    keep(part);
    return part;
  }

  function partWith({ url, offset, size }: PackedLocation): Part | undefined {
    for (const part of byUrl.get(url) ?? []) {
      if (part.offset <= offset && offset + size <= part.offset + part.length) return part;
    }
    return undefined;
  }

  return {
    async read(location, signal) {
      const part = partWith(location) ?? begin(location);
      const bytes = await part.join(signal);
      const at = location.offset - part.offset;
      return bytes.subarray(at, at + location.size);
    },
    readAhead(location, signal) {
      if (partWith(location) !== undefined) return true;
      const range = rangeWith(location);
      if (bytesAhead + range.length > aheadBytesMax) return false;
      bytesAhead += range.length;
      const ended = () => (bytesAhead -= range.length);
      void begin(location, range).join(signal).then(ended, ended);
      return true;
    },
    forget(url) {
      for (const part of byUrl.get(url) ?? []) drop(part);
    },
  };
}

/** The range with this block and the wanted ones around it, as long as no hole in between costs more than a request would. */
function rangeAround(location: PackedLocation, wanted: readonly PackedLocation[]): Range {
  const ranges = wanted.toSorted((a, b) => a.offset - b.offset);
  let start = location.offset;
  let end = start + location.size;
  for (const { offset, size } of ranges) {
    if (offset >= start && offset - end <= packGapBytesMax) end = Math.max(end, offset + size);
  }
  for (const { offset, size } of ranges.toReversed()) {
    if (offset < start && start - (offset + size) <= packGapBytesMax) start = offset;
  }
  return { offset: start, length: end - start };
}

export const isPacked = (location: BlockLocation): location is PackedLocation => location.offset !== undefined;
