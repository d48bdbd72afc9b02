import { hashBlock } from "@ashlar/client/node/hash";
import { UnreachableError } from "@ashlar/client/ports";
import type { BlockHash } from "@ashlar/shared/ids";
import { packBlockBytesMax, sendingBytesMax, transfersInFlightMax } from "@ashlar/shared/limits";
import { decodeManifest } from "@ashlar/shared/manifest";
import { ProblemError } from "@ashlar/shared/protocol/problem";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { settled } from "../support/clocks.ts";
import { content, cutsOf, KiB, MiB, noise } from "../support/content.ts";
import { MemoryDisk, type MemoryKnowledge } from "../support/memory-disk.ts";
import type { MemoryEdge } from "../support/memory-edge.ts";
import { memoryTransfer } from "../support/memory-transfer.ts";

const { signal } = new AbortController();

function setUp(files: Record<string, Uint8Array> = {}) {
  const device = memoryTransfer();
  for (const [path, bytes] of Object.entries(files)) device.disk.put(path, bytes);
  return device;
}

describe("what is read", () => {
  test("U1 the manifest names the blocks of the file in order, and the file is read once from start to end", async () => {
    const bytes = noise(9 * MiB + 5, 1);
    const { transfer, disk } = setUp({ f: bytes });
    const { manifest, size, stat } = await transfer.upload("f", { signal });
    expect(decodeManifest(manifest)).toEqual(cutsOf(bytes).map((cut) => ({ hash: cut.hash, size: cut.size })));
    expect([size, stat]).toEqual([bytes.length, await disk.stat("f")]);
    let next = 0;
    for (const { offset, count } of disk.reads) {
      expect(offset).toBe(next);
      next += count;
    }
    expect([next, disk.openHandles]).toEqual([bytes.length, 0]);
  });

  test("U1 an empty file has the empty manifest, and a link's content is its target", async () => {
    const { transfer, disk, edge } = setUp({ empty: new Uint8Array() });
    await expect(transfer.upload("empty", { signal })).resolves.toMatchObject({ manifest: "", size: 0, small: [] });
    const target = new TextEncoder().encode("../elsewhere");
    disk.put("link", target, "symlink");
    const link = await transfer.upload("link", { signal });
    expect(link.small).toEqual([{ hash: hashBlock(target), bytes: target }]);
    expect(decodeManifest(link.manifest)).toEqual([{ hash: hashBlock(target), size: target.length }]);
    expect(edge.checks).toEqual([]);
  });

  test.for([
    ["grows", (disk: MemoryDisk) => disk.overwrite("f", noise(3 * MiB, 1))],
    ["shrinks", (disk: MemoryDisk) => disk.overwrite("f", noise(10, 1))],
    ["is written to", (disk: MemoryDisk) => disk.overwrite("f", noise(2 * MiB, 2))],
    ["is replaced by another", (disk: MemoryDisk) => disk.put("f", noise(2 * MiB, 1))],
  ] as const)("U2 a file that %s while it is read is told as changed", async ([, meddle]) => {
    const { transfer, disk } = setUp({ f: noise(2 * MiB, 1) });
    disk.afterRead = () => {
      disk.afterRead = () => undefined;
      meddle(disk);
    };
    await expect(transfer.upload("f", { signal })).rejects.toMatchObject({ name: "DiskError", code: "changed", path: "f" });
    expect(disk.openHandles).toBe(0);
  });

  test("U2 a file that is not there is told as absent", async () => {
    await expect(setUp().transfer.upload("f", { signal })).rejects.toMatchObject({ code: "absent", path: "f" });
  });

  test("U3 progress adds up to the file's size, a block at a time", async () => {
    const bytes = noise(3 * MiB, 1);
    const { transfer, edge } = setUp({ f: bytes });
    edge.hold(cutsOf(bytes)[0]?.bytes ?? bytes);
    const steps: number[] = [];
    await transfer.upload("f", { signal, progress: (step) => steps.push(step) });
    expect(new Set(steps)).toEqual(new Set(cutsOf(bytes).map(({ size }) => size)));
    expect(steps.reduce((sum, step) => sum + step, 0)).toBe(bytes.length);
  });
});

describe("what is sent", () => {
  test("U4 blocks that this device knows the server has are neither asked about nor sent", async () => {
    const bytes = noise(3 * MiB, 1);
    const { transfer, edge, knowledge } = setUp({ f: bytes });
    knowledge.rememberServerHas(cutsOf(bytes).map(({ hash }) => hash));
    await expect(transfer.upload("f", { signal })).resolves.toMatchObject({ small: [] });
    expect([edge.checks, edge.puts]).toEqual([[], []]);
  });

  test("U4 a block of up to 64 KiB is handed back for the commit, a larger one is sent", async () => {
    const { transfer, edge } = setUp({ small: noise(packBlockBytesMax, 1), large: noise(packBlockBytesMax + 1, 1) });
    const small = await transfer.upload("small", { signal });
    expect([small.small.map(({ bytes }) => bytes), edge.puts]).toEqual([[noise(packBlockBytesMax, 1)], []]);
    const large = await transfer.upload("large", { signal });
    expect([large.small, edge.puts]).toEqual([[], [hashBlock(noise(packBlockBytesMax + 1, 1))]]);
  });

  test("U40 a block that others have is proven and not sent, and the rest is sent", async () => {
    const bytes = noise(9 * MiB, 1);
    const { transfer, edge, knowledge } = setUp({ f: bytes });
    const [first, ...rest] = cutsOf(bytes);
    if (first === undefined) throw new Error("the file has no block");
    edge.holdOfOthers(first.bytes);
    await transfer.upload("f", { signal });
    expect(edge.proven).toEqual([first.hash]);
    expect(edge.puts.toSorted()).toEqual(rest.map(({ hash }) => hash).toSorted());
    expect(cutsOf(bytes).every(({ hash }) => knowledge.serverHas(hash))).toBe(true);
  });

  test("U40 a block is sent when its proof is refused, and is not proven again", async () => {
    const bytes = noise(600_000, 1);
    const { transfer, edge } = setUp({ f: bytes });
    edge.holdOfOthers(bytes);
    let proofs = 0;
    edge.before = (what) => {
      if (what !== "prove") return;
      proofs++;
      throw new ProblemError("proof-failed");
    };
    await transfer.upload("f", { signal });
    expect([proofs, edge.checks.length, edge.puts]).toEqual([1, 1, [hashBlock(bytes)]]);
  });

  test("U40 a nonce that ran out is replaced once, and then the block is sent", async () => {
    for (const [expired, asked, sent] of [
      [["n0"], 2, false],
      [["n0", "n1"], 2, true],
    ] as const) {
      const bytes = noise(600_000, 1);
      const { transfer, edge } = setUp({ f: bytes });
      edge.holdOfOthers(bytes);
      for (const nonce of expired) edge.expiredNonces.add(nonce);
      await transfer.upload("f", { signal });
      expect(edge.checks).toHaveLength(asked);
      expect([edge.puts, edge.proven]).toEqual(sent ? [[hashBlock(bytes)], []] : [[], [hashBlock(bytes)]]);
    }
  });

  test("U40 when a nonce ran out, a block that is there meanwhile is not sent, and one that no proof is asked for any more is", async () => {
    for (const isThere of [true, false]) {
      const bytes = noise(600_000, 1);
      const { transfer, edge } = setUp({ f: bytes });
      edge.holdOfOthers(bytes);
      edge.expiredNonces.add("n0");
      edge.before = (what) => {
        if (what !== "check" || edge.checks.length === 0) return;
        if (isThere) edge.hold(bytes);
        else edge.forgetOthers();
      };
      await transfer.upload("f", { signal });
      expect([edge.puts, edge.proven]).toEqual([isThere ? [] : [hashBlock(bytes)], []]);
    }
  });

  test("U8 a proof that cannot be asked for now is a failure like any other, told as it is", async () => {
    const bytes = noise(600_000, 1);
    const { transfer, edge } = setUp({ f: bytes });
    edge.holdOfOthers(bytes);
    const away = new UnreachableError("away");
    edge.before = (what) => {
      if (what === "prove") throw away;
    };
    await expect(transfer.upload("f", { signal })).rejects.toBe(away);
    expect(edge.puts).toEqual([]);
  });

  test("U5 a block that stands in a file twice is sent once", async () => {
    const { transfer, edge } = setUp({ f: new Uint8Array(13 * MiB) });
    const { manifest } = await transfer.upload("f", { signal });
    expect(decodeManifest(manifest)).toHaveLength(4);
    expect(edge.puts).toHaveLength(2);
  });

  test("U5 files with the same content that are sent at the same time send each block once", async () => {
    const bytes = noise(3 * MiB, 1);
    const names = ["a", "b", "c", "d", "e"];
    const { transfer, edge } = setUp(Object.fromEntries(names.map((name) => [name, bytes])));
    await Promise.all(names.map((name) => transfer.upload(name, { signal })));
    expect(edge.puts).toHaveLength(cutsOf(bytes).length);
    expect(new Set(edge.puts).size).toBe(edge.puts.length);
  });

  test("U5 when one file's sending is given up, another that waits for the same block sends it", async () => {
    const bytes = noise(600_000, 1);
    const { transfer, edge } = setUp({ a: bytes, b: bytes });
    const stop = new AbortController();
    edge.before = (what) => {
      if (what !== "putBlock" || stop.signal.aborted) return;
      stop.abort(new Error("enough"));
      throw new UnreachableError("torn down");
    };
    const first = transfer.upload("a", { signal: stop.signal }).catch((error: unknown) => error);
    await transfer.upload("b", { signal });
    expect(await first).toBeInstanceOf(Error);
    expect(edge.puts).toEqual([hashBlock(bytes)]);
  });

  test("U6 the blocks of a file are asked about in fewer requests than there are blocks", async () => {
    const { transfer, edge } = setUp({ f: noise(16 * MiB, 1) });
    edge.before = (what) => (what === "check" ? settled() : undefined);
    await transfer.upload("f", { signal });
    expect(edge.checks.flat()).toHaveLength(edge.puts.length);
    expect(edge.checks.length).toBeLessThanOrEqual(edge.puts.length / 2);
  });

  test("U7 no more than eight blocks are on their way", async () => {
    const files = Object.fromEntries(Array.from({ length: 20 }, (_, index) => [`${index}`, noise(200 * KiB, index + 1)]));
    const { transfer, edge } = setUp(files);
    edge.before = (what) => (what === "putBlock" ? settled() : undefined);
    await Promise.all(Object.keys(files).map((path) => transfer.upload(path, { signal })));
    expect(edge.putsInFlightMost).toBe(transfersInFlightMax);
  });

  test("U7 no more than 10 MiB are on their way, and a slow server holds up the reading", async () => {
    const { transfer, edge, disk } = setUp({ a: noise(40 * MiB, 1), b: noise(40 * MiB, 2), c: noise(20 * MiB, 3) });
    const gate = Promise.withResolvers<void>();
    edge.before = (what) => (what === "putBlock" ? gate.promise : undefined);
    const uploads = Promise.all(["a", "b", "c"].map((path) => transfer.upload(path, { signal })));
    for (let turn = 0; turn < 70; turn++) await settled();
    const readBytes = disk.reads.reduce((sum, { count }) => sum + count, 0);
    expect(edge.putBytesMost).toBeGreaterThan(sendingBytesMax - 4 * MiB);
    // Twelve copies of 4 MiB at most, and a window of 8 MiB for each file.
    expect(readBytes).toBeLessThanOrEqual(12 * 4 * MiB + 3 * 8 * MiB);
    gate.resolve();
    await uploads;
    expect(edge.putBytesMost).toBeLessThanOrEqual(sendingBytesMax);
  });
});

describe("what goes wrong", () => {
  test("U8 a block that is refused ends the upload with the refusal, and nothing is begun after it", async () => {
    const { transfer, edge, disk } = setUp({ f: noise(30 * MiB, 1) });
    edge.before = (what) => {
      if (what === "putBlock") throw new ProblemError("over-quota");
    };
    await expect(transfer.upload("f", { signal })).rejects.toMatchObject({ code: "over-quota" });
    const asked = edge.checks.length;
    for (let turn = 0; turn < 5; turn++) await settled();
    expect([edge.checks.length, disk.openHandles, edge.puts]).toEqual([asked, 0, []]);
  });

  test("U8 an abort ends the upload with its reason", async () => {
    const { transfer, edge, disk } = setUp({ f: noise(30 * MiB, 1) });
    const stop = new AbortController();
    edge.before = (what) => (what === "putBlock" ? stop.abort(new Error("enough")) : undefined);
    await expect(transfer.upload("f", { signal: stop.signal })).rejects.toThrow("enough");
    await expect(transfer.upload("f", { signal: stop.signal })).rejects.toThrow("enough");
    expect(disk.openHandles).toBe(0);
  });

  test("U9 whatever fails in between, what arrives is what was read, nothing known is sent, and nothing that arrived is sent again", async () => {
    const chance = fc.double({ min: 0, max: 0.9, noNaN: true });
    await fc.assert(
      fc.asyncProperty(content, fc.infiniteStream(chance), fc.infiniteStream(chance), async (bytes, owned, luck) => {
        const { transfer, edge, knowledge } = setUp({ f: bytes });
        const sentBefore = new Set<BlockHash>();
        for (const cut of cutsOf(bytes)) {
          const share = owned.next().value ?? 0;
          if (share > 0.5) sentBefore.add(edge.hold(cut.bytes).hash);
          if (share > 0.7) knowledge.rememberServerHas([cut.hash]);
        }
        edge.before = () => {
          if ((luck.next().value ?? 0) > 0.6) throw new UnreachableError("bad luck");
        };
        let ingested = await transfer.upload("f", { signal }).catch(() => undefined);
        while (ingested === undefined) {
          knowledge.server.clear();
          ingested = await setUpAgain(edge, bytes, knowledge).catch(() => undefined);
        }
        const small = new Map(ingested.small.map((block) => [block.hash, block.bytes]));
        const arrived = decodeManifest(ingested.manifest).map(({ hash }) => edge.bytesOf(hash) ?? small.get(hash) ?? new Uint8Array());
        expect(Buffer.concat(arrived).equals(bytes)).toBe(true);
        expect(edge.puts.filter((hash) => sentBefore.has(hash))).toEqual([]);
        expect(new Set(edge.puts).size).toBe(edge.puts.length);
      }),
      { numRuns: 40 },
    );
  });
});

/** As after a crash: a new process, whose database has lost what it knew. */
function setUpAgain(edge: MemoryEdge, bytes: Uint8Array, knowledge: MemoryKnowledge) {
  const disk = new MemoryDisk();
  disk.put("f", bytes);
  return memoryTransfer({ disk, edge, knowledge }).transfer.upload("f", { signal });
}
