import type { BlockHash, PackId, UserId } from "@ashlar/shared/ids";
import type { BlockIndex } from "../../blocks/types.ts";
import type { IntentStore } from "../../namespace/intent.ts";
import type { BucketCollector, Database, RandomBytes, Sha256 } from "../../ports.ts";

/** What the collector asks the user's Durable Object. Plain data: RPC loses classes. */
export type TendCall = {
  readonly user: UserId;
  /** Number of the meta shard with this user's namespace. */
  readonly shard: number;
  /** The collector's time, ms since 1970. */
  readonly now: number;
  /** Only tell what would be done. */
  readonly dryRun: boolean;
  /** Packs that the scrub could not read, or found rotten: the object looks for itself. */
  readonly suspects?: readonly PackId[];
};

export type TendReport = {
  /** Rows of the journal, versions and nodes that were too old. */
  readonly changes: number;
  readonly versions: number;
  readonly nodes: number;
  /** Large blocks whose holds ended. */
  readonly released: number;
  readonly packsDeleted: number;
  readonly packsRewritten: number;
  readonly bytesFreed: number;
  /** Packs that were found damaged. */
  readonly damaged: number;
  /** Small blocks whose bytes were lost: devices that have them are asked to send them. */
  readonly wanted: readonly BlockHash[];
  /** Whether there may be more to do at once. */
  readonly isCut: boolean;
};

export type TendDeps = {
  readonly db: Database;
  readonly blocks: BlockIndex;
  readonly bucket: BucketCollector;
  readonly intents: IntentStore;
  readonly sha256: Sha256;
  readonly random: RandomBytes;
};
