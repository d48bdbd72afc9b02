import type { BlockHash } from "@ashlar/shared/ids";
import type { BlockKnowledge, Disk, Edge } from "../ports.ts";

export type TransferOptions = {
  readonly disk: Pick<Disk, "stat" | "open" | "readLink">;
  readonly edge: Pick<Edge, "check" | "prove" | "putBlock" | "locate" | "fetch">;
  readonly knowledge: BlockKnowledge;
  /** The bytes hold still until it is done. */
  readonly hashBlock: (bytes: Uint8Array) => BlockHash | Promise<BlockHash>;
};
