import type { DeltaCodec } from "@ashlar/shared/delta/types";
import type { BlockHash } from "@ashlar/shared/ids";
import type { Memory } from "../common/buffer-pool.ts";
import type { BlockKnowledge, BlockStore, Clock, Compression, Disk, Edge } from "../ports.ts";
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
  /** Where blocks of other devices' files are kept until their commit; without it none are fetched before. */
  readonly early?: { readonly store: BlockStore; readonly clock: Clock; readonly bytesMax?: number };
  /** Told of each large block that the server has now, as a whole. */
  readonly onSent?: (hash: BlockHash) => void;
  /** The simulation makes shorter ones: the system clears fresh memory page by page. */
  readonly memory?: Memory;
};
