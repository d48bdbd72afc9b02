/** What the sync engine takes and gives. The command builds the ports, hands them in, and shows the events and the status. */
import type { BlockHash, NodeId, RandomBytes, Seq } from "@ashlar/shared/ids";
import type { Sha256 } from "@ashlar/shared/digest";
import type { LocalDatabase } from "../database.ts";
import type {
  BlockKnowledge,
  Clock,
  Disk,
  Edge,
  Feed,
  FeedEvents,
  FeedState,
  RelativePath,
  Transfer,
  WatchEvents,
  Watcher,
} from "../ports.ts";
import type { LocalView, Observation, ScanResult } from "../scan/types.ts";

/** What the file system below the synced folder can tell apart and hold. */
export type Platform = {
  /** False where `a` and `A` are one name. */
  readonly caseSensitive: boolean;
  /** False where permission bits are not kept: then they are neither sent nor set. */
  readonly keepsModes: boolean;
  /** Why this disk cannot hold such a name, in words for a person; undefined when it can. */
  nameFault(name: string): string | undefined;
};

export type ScanRequest = {
  readonly disk: Disk;
  readonly view: LocalView;
  readonly rootId: NodeId;
  /** Folders in which something happened, by path as the disk spells it; or everything. */
  readonly folders: "all" | ReadonlySet<RelativePath>;
  /** Those of the folders below which everything is to be looked at. */
  readonly deep?: ReadonlySet<RelativePath>;
  /** A folder that was moved need not be looked into: the engine does so afterwards. */
  readonly takesOver?: true;
  /** What hindered earlier scans, and why: what is missing now may have been moved there. */
  readonly waiting?: readonly { readonly path: RelativePath; readonly detail: string }[];
  /** Given when nothing is known yet: then what is found is told here bit by bit, and not with the result. */
  readonly tell?: (observations: readonly Observation[]) => void;
  /** For nodes seen for the first time. */
  newId(): NodeId;
  /** Called before a folder is listed, so that its watch is armed by then. */
  onFolder(path: RelativePath): void;
  readonly signal: AbortSignal;
};

/** Compares the disk with the local tree. Writes nothing: the engine applies what it found. */
export type Scan = (request: ScanRequest) => Promise<ScanResult>;

export type EngineOptions = {
  readonly disk: Disk;
  readonly edge: Edge;
  /** Opened by `run`, not by `syncOnce`. */
  openFeed(events: FeedEvents): Feed;
  /** Undefined where watching is impossible: then scans on a timer do. */
  openWatcher(events: WatchEvents): Watcher | undefined;
  /** `onSent` is told of each large block that the edge has now, as a whole. */
  createTransfer(knowledge: BlockKnowledge, onSent: (hash: BlockHash) => void): Transfer;
  readonly scan: Scan;
  readonly database: LocalDatabase;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly sha256: Sha256;
  readonly platform: Platform;
  /** A person has said that deleting this much is meant. */
  readonly allowMassDelete: boolean;
  onEvent(event: EngineEvent): void;
};

export type Engine = {
  /** Works until both sides are equal or only items are left that cannot be synced now. Rejects when the edge cannot be reached. */
  syncOnce(signal: AbortSignal): Promise<Outcome>;
  /** Keeps both sides equal until the signal aborts; then finishes the step under way and returns. Rejects with a {@link HaltError}. */
  run(signal: AbortSignal): Promise<void>;
  /** Looks at disk and edge at once, and tries again what waits. */
  refresh(): void;
  /** The next turn compares everything, in `syncOnce` as well, and mends what differs. */
  reconcile(depth: ReconcileDepth): void;
  status(): Status;
};

/** Of the blocks, as many as one request takes, or all. */
export type ReconcileDepth = "sample" | "all";

export type OutcomeState = "equal" | "waiting" | "needs-person";

export type Outcome = {
  readonly state: OutcomeState;
  readonly conflicts: readonly Conflict[];
  readonly waiting: readonly WaitingItem[];
  /** What a person has to decide, when the state says so. */
  readonly question: string | undefined;
};

/** A file whose two versions were both kept: the other device's at `path`, this device's at `copy`. */
export type Conflict = { readonly path: RelativePath; readonly copy: RelativePath; readonly atMs: number };

/** An item that cannot be synced now; the rest goes on. */
export type WaitingItem = {
  readonly path: RelativePath;
  /** One of `waitCodes`. */
  readonly reason: string;
  /** For a person: what is the matter and what to do. */
  readonly detail: string;
  readonly sinceMs: number;
  /** When it is tried again by itself; null: when it changes on the disk or on the server. */
  readonly nextTryMs: number | null;
};

export type EngineState = "starting" | "working" | "equal" | "waiting" | "offline" | "needs-person" | "stopped";

export type Status = {
  readonly state: EngineState;
  readonly feed: FeedState;
  /** Nodes that differ between disk, server and what was last agreed. */
  readonly pending: number;
  readonly waiting: readonly WaitingItem[];
  readonly conflicts: readonly Conflict[];
  /** When both sides were last known to be equal; null: never yet. */
  readonly lastSyncedAtMs: number | null;
  readonly cursor: Seq;
  readonly question: string | undefined;
  /** Folders that the system has no watch left for: what happens in them is found by full scans only. */
  readonly unwatched: number;
};

export type AppliedChange = "create" | "update" | "move" | "mode" | "delete";

/** Progress, in the order it happens. Plain data: each is one line of `--json`. */
export type EngineEvent =
  | { type: "scan"; foldersSeen: number; entriesSeen: number; found: number }
  | { type: "upload"; path: RelativePath; bytes: number; size: number }
  | { type: "download"; path: RelativePath; bytes: number; size: number }
  /** Done on this disk (`local`) or acknowledged by the edge (`remote`). */
  | { type: "applied"; side: "local" | "remote"; change: AppliedChange; path: RelativePath }
  | { type: "conflict"; path: RelativePath; copy: RelativePath }
  | { type: "waiting"; path: RelativePath; reason: string; detail: string; nextTryMs: number | null }
  | { type: "feed"; state: FeedState; why: string | undefined }
  | { type: "offline"; why: string; retryInMs: number }
  /** Nodes whose rows were mended; blocks that the server was asked about, got from here, and has not though nobody here has them. */
  | { type: "reconciled"; mended: number; blocksChecked: number; blocksSent: number; blocksMissing: number }
  | { type: "needs-person"; question: string }
  | { type: "equal"; cursor: Seq };

export type HaltCode =
  /** The edge refuses this device: it was signed out. */
  | "signed-out"
  /** The folder belongs to another account. */
  | "other-account";

/** The engine stops, and a person has to act before it can go on. */
export class HaltError extends Error {
  override readonly name = "HaltError";
  readonly code: HaltCode;

  constructor(code: HaltCode, message: string, cause?: unknown) {
    super(message, { cause });
    this.code = code;
  }
}
