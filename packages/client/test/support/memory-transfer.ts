import { hashBlock } from "@ashlar/client/node/hash";
import type { Compression } from "@ashlar/client/ports";
import { createBlockCache } from "@ashlar/client/transfer/block-cache";
import type { TransferOptions } from "../../src/transfer/options.ts";
import { createTransfer } from "@ashlar/client/transfer/transfer";
import { MemoryDisk, MemoryKnowledge } from "./memory-disk.ts";
import { MemoryEdge } from "./memory-edge.ts";
import { plainCodec } from "./plain-codec.ts";
import { MemoryStore, noCompression } from "./memory-store.ts";

type Given = {
  readonly disk?: MemoryDisk;
  readonly edge?: MemoryEdge;
  readonly knowledge?: MemoryKnowledge;
  readonly store?: MemoryStore;
  readonly compression?: Compression;
  readonly early?: TransferOptions["early"];
  readonly onSent?: TransferOptions["onSent"];
};

/** One device's transfer with all around it in memory; what is handed in takes the place of what would be made. */
export function memoryTransfer(given: Given = {}) {
  const { disk = new MemoryDisk(), edge = new MemoryEdge(), store = new MemoryStore() } = given;
  const { knowledge = new MemoryKnowledge(), compression = noCompression } = given;
  const cache = createBlockCache({ store, hashBlock });
  const { early, onSent } = given;
  const transfer = createTransfer({
    disk,
    edge,
    knowledge,
    hashBlock,
    codec: plainCodec,
    cache,
    compression,
    ...(early && { early }),
    ...(onSent && { onSent }),
  });
  return { disk, edge, store, knowledge, cache, transfer };
}
