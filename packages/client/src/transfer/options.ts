import type { DeltaCodec } from "@ashlar/shared/delta/types";
import type { BlockHash } from "@ashlar/shared/ids";
import type { Memory } from "../common/buffer-pool.ts";
import type { BlockKnowledge, Compression, Disk, Edge } from "../ports.ts";
import type { BlockCache } from "./block-cache.ts";

/** The bytes hold still until it is done. */
export type HashBlock = (bytes: Uint8Array) => BlockHash | Promise<BlockHash>;

export type TransferOptions = {
  readonly disk: Pick<Disk, "stat" | "open" | "readLink">;
  readonly edge: Pick<Edge, "check" | "prove" | "putBlock" | "putDelta" | "signature" | "delta" | "locate" | "fetch">;
  readonly knowledge: BlockKnowledge;
  readonly hashBlock: HashBlock;
  readonly codec: DeltaCodec;
  readonly cache: BlockCache;
  readonly compression: Compression;
  /** The simulation makes shorter ones: the system clears fresh memory page by page. */
  readonly memory?: Memory;
};
