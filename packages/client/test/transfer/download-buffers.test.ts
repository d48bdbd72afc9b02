import { UnreachableError } from "@ashlar/client/ports";
import { blockBytesMax, transferBytesMax } from "@ashlar/shared/limits";
import { encodeManifest } from "@ashlar/shared/manifest";
import { expect, test } from "vitest";
import { cutsOf, MiB, noise } from "../support/content.ts";
import { memoryDraft } from "../support/memory-disk.ts";
import { memoryTransfer } from "../support/memory-transfer.ts";

const { signal } = new AbortController();

function setUp() {
  const { edge, transfer } = memoryTransfer();
  return { edge, transfer };
}

test("U22 fetched blocks share a fixed number of buffers, used again only when their block is written", async () => {
  const { edge, transfer } = setUp();
  const bytes = noise(40 * MiB, 1);
  const blocks = cutsOf(bytes).map((cut) => edge.hold(cut.bytes));
  const memories = new Set<ArrayBufferLike>();
  const fetch = edge.fetch.bind(edge);
  edge.fetch = (url, range, stop, into) => {
    if (into !== undefined) memories.add(into.buffer);
    return fetch(url, range, stop, into);
  };
  const met = new Set<string>();
  edge.tamper = (sent, url) => (met.size < met.add(url).size ? noise(100, 3) : sent);
  const draft = memoryDraft(bytes.length);
  const write = draft.write.bind(draft);
  // The edge of this test spoils a buffer as soon as it is handed in again.
  draft.write = async (piece, offset) => {
    for (let turns = offset % 5; turns >= 0; turns--) await new Promise((resolve) => setImmediate(resolve));
    await write(piece, offset);
  };
  await transfer.download(encodeManifest(blocks), draft, { signal });
  expect(Buffer.compare(draft.bytes, bytes)).toBe(0);
  expect(memories.size).toBeLessThanOrEqual(transferBytesMax / blockBytesMax);
});

test("U22 a download that is given up returns its buffers, and the next has them all", async () => {
  const { edge, transfer } = setUp();
  const blocks = cutsOf(noise(30 * MiB, 1)).map((cut) => edge.hold(cut.bytes));
  for (const fault of ["abort", "failed write", "failed fetch"]) {
    const stop = new AbortController();
    let fetches = 0;
    edge.before = (what) => {
      if (what === "fetch" && ++fetches === 5 && fault === "abort") stop.abort(new Error(fault));
      if (what === "fetch" && fetches === 5 && fault === "failed fetch") throw new UnreachableError(fault);
    };
    const draft = memoryDraft(30 * MiB);
    if (fault === "failed write") draft.write = () => Promise.reject(new Error(fault));
    await expect(transfer.download(encodeManifest(blocks), draft, { signal: stop.signal })).rejects.toThrow(fault);
  }
  edge.before = () => undefined;
  const draft = memoryDraft(30 * MiB);
  await transfer.download(encodeManifest(blocks), draft, { signal });
  expect(draft.writes).toHaveLength(blocks.length);
});
