import { blockBytesMax } from "@ashlar/shared/limits";
import type { BlockRef } from "@ashlar/shared/manifest";
import { DiskError, type ReadHandle, type RelativePath } from "../ports.ts";
import type { Cutter } from "./cutter.ts";

/** The reader's window: a longest block, and as much again, so that bytes are moved within it at most once on average. */
export const windowBytes = 2 * blockBytesMax;

export type Source = { readonly handle: ReadHandle; readonly path: RelativePath; readonly size: number };

/** `bytes`: a view of the window, good until the next is asked for. */
export type ReadBlock = { readonly block: BlockRef; readonly bytes: Uint8Array };

/** The blocks of a file in order, read once. Rejects with DiskError `changed` when the file ends before its size. */
export async function* readBlocks({ handle, path, size }: Source, window: Uint8Array, cutter: Cutter): AsyncGenerator<ReadBlock> {
  let start = 0;
  let end = 0;
  let offset = 0;

  async function fill(): Promise<void> {
    window.copyWithin(0, start, end);
    end -= start;
    start = 0;
    while (end < window.length && offset < size) {
      const count = await handle.read(window.subarray(end, Math.min(window.length, end + size - offset)), offset);
      if (count === 0) throw new DiskError("changed", path);
      end += count;
      offset += count;
    }
  }

  for (;;) {
    if (end - start < blockBytesMax && offset < size) await fill();
    if (start === end) return;
    const block = await cutter.next(window.subarray(start, end), offset === size);
    yield { block, bytes: window.subarray(start, start + block.size) };
    start += block.size;
  }
}
