/**
 * What the engine asks of the world. Everything that touches a disk, a network, a clock or chance stands behind one of
 * these, so that the whole client also runs inside one process under a seeded scheduler (DESIGN sections 2 and 10).
 */
import type { Digest } from "@ashlar/shared/digest";
import type { BlockHash, DeviceId, Epoch, NodeId, OpId, Seq, UserId } from "@ashlar/shared/ids";
import type { BlockRef } from "@ashlar/shared/manifest";
import type { BlockEncoding, BlockLocation, BlockState } from "@ashlar/shared/protocol/block";
import type { Change, ChangesPage, ComingBlock, ServerMessage } from "@ashlar/shared/protocol/change";
import type { CommitResponse, WireOp } from "@ashlar/shared/protocol/commit";
import type { TreePage } from "@ashlar/shared/protocol/tree";

// --- time and chance ---

export type Clock = {
  /** Milliseconds since 1970. */
  now(): number;
  /** Rejects with the signal's reason when it aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
};

export type RandomBytes = (count: number) => Uint8Array;
/** HMAC-SHA-256 (RFC 2104) of the bytes under a key, as UTF-8; the bytes hold still until it is done. */
export type Hmac = (key: string, bytes: Uint8Array) => Uint8Array | Promise<Uint8Array>;
export type Sha256 = (bytes: Uint8Array) => Uint8Array;

// --- the disk ---

/** A path below the synced folder, `/` between names as the disk spells them; the folder itself is "". */
export type RelativePath = string;

export type Stat = {
  readonly kind: "file" | "folder" | "symlink" | "other";
  readonly size: number;
  /** Decimal nanoseconds since 1970: beyond what a number holds. */
  readonly mtimeNs: string;
  readonly ctimeNs: string;
  /** With its device and a colon before it, where that is another than the synced folder's. */
  readonly inode: string;
  /** Permission bits, 0 to 0o777. */
  readonly mode: number;
  /** When the inode came to be, ms since 1970, where the disk tells. The trees do not keep it. */
  readonly bornMs?: number;
};

/**
 * One entry of a folder. A name that is not valid UTF-8 cannot be synced: it is shown with replacement characters, and its
 * bytes are `raw`.
 */
export type DirEntry = { readonly name: string; readonly valid: boolean; readonly raw?: Uint8Array; readonly stat: Stat };

/**
 * What stood at a path when the engine decided to change it. The file system compares just before it acts, and refuses
 * with `changed` if something else stands there now (I5).
 */
export type Expected = Stat | "absent";

export type DiskErrorCode =
  /** Nothing there, or a parent is missing. */
  | "absent"
  /** Something else stands there than was expected. */
  | "changed"
  /** The path leads through a symbolic link, or leaves the root. */
  | "outside"
  /** The synced folder itself, or its marker, is not there. */
  | "root-gone"
  | "not-empty"
  | "no-permission"
  | "no-space"
  /** The disk cannot hold such a name. */
  | "bad-name"
  | "busy"
  | "io";

export class DiskError extends Error {
  override readonly name = "DiskError";
  readonly code: DiskErrorCode;
  readonly path: RelativePath;

  constructor(code: DiskErrorCode, path: RelativePath, cause?: unknown) {
    super(`${path || "the synced folder"}: ${code}`, { cause });
    this.code = code;
    this.path = path;
  }
}

export type ReadHandle = AsyncDisposable & {
  stat(): Promise<Stat>;
  /** Up to `into.length` bytes at the offset; the count read, 0 at the end. */
  read(into: Uint8Array, offset: number): Promise<number>;
};

/** A file being assembled beside its target, under `.ashlar/tmp`. Disposing of it without `place` removes it. */
export type Draft = AsyncDisposable & {
  write(bytes: Uint8Array, offset: number): Promise<void>;
  /** Flushes it to the disk, sets mode and mtime, checks that the target is as expected, and renames it over. */
  place(path: RelativePath, options: { mode: number; mtimeMs: number; size: number; expected: Expected }): Promise<Stat>;
};

/** Every method rejects with {@link DiskError}; none follows a symbolic link below the root (I6). */
export type Disk = {
  /** lstat; undefined when there is nothing. */
  stat(path: RelativePath): Promise<Stat | undefined>;
  /** Without `.ashlar`. An unreadable folder rejects: it is unknown, not empty. */
  list(path: RelativePath): Promise<DirEntry[]>;
  open(path: RelativePath): Promise<ReadHandle>;
  readLink(path: RelativePath): Promise<Uint8Array>;

  draft(): Promise<Draft>;
  makeFolder(path: RelativePath, mode: number): Promise<Stat>;
  makeLink(path: RelativePath, target: Uint8Array, expected: Expected): Promise<Stat>;
  setMode(path: RelativePath, mode: number, expected: Stat): Promise<Stat>;
  /** The target must be absent. */
  move(from: RelativePath, to: RelativePath, expected: Stat): Promise<Stat>;
  /** A file or symbolic link. */
  remove(path: RelativePath, expected: Stat): Promise<void>;
  /** An empty folder. */
  removeFolder(path: RelativePath): Promise<void>;

  /** The marker that says this is a synced folder, and of which account; undefined when it is not there. */
  readMarker(): Promise<string | undefined>;
  writeMarker(text: string): Promise<void>;
};

/** Hints only: the scan is the truth. */
export type Watcher = AsyncDisposable & {
  /** Arms a watch on this folder (not below). */
  add(path: RelativePath): void;
  remove(path: RelativePath): void;
  /** Folders that were to be watched and are not, for lack of watches. */
  readonly unwatched?: number;
};

export type WatchEvents = {
  /** Something happened in this folder. */
  dirty(path: RelativePath): void;
  /** Events may have been lost: scan everything. `why` goes to the status. */
  lost(why: "overflow" | "limit" | "error"): void;
};

// --- the edge ---

/** The network failed or the edge asked to wait; `ProblemError` (shared) is a refusal with a code. */
export class UnreachableError extends Error {
  override readonly name = "UnreachableError";
  readonly retryAfterMs: number | undefined;

  constructor(message: string, more: { retryAfterMs?: number | undefined; cause?: unknown } = {}) {
    super(message, { cause: more.cause });
    this.retryAfterMs = more.retryAfterMs;
  }
}

/** A block's bytes as they travel. */
export type BlockBody = { readonly bytes: Uint8Array; readonly encoding: BlockEncoding };

export type SmallBlock = { readonly hash: BlockHash; readonly bytes: Uint8Array };
/** A frame of DELTA.md that makes the block `target`. */
export type DeltaFrame = { readonly target: BlockHash; readonly frame: Uint8Array };

/** What a commit carries besides its operations. */
export type CommitContent = { readonly inline: readonly SmallBlock[]; readonly deltas: readonly DeltaFrame[] };

/** Requests to the edge, signed in as this device; retries and refreshes of the token happen inside. */
export type Edge = {
  readonly user: UserId;
  readonly device: DeviceId;
  readonly deviceName: string;
  check(blocks: readonly BlockRef[], signal?: AbortSignal): Promise<BlockState[]>;
  /** Proves, under a nonce of `check`, that these bytes are here. Rejects with ProblemError `proof-failed` or `proof-expired`. */
  prove(hash: BlockHash, nonce: string, bytes: Uint8Array, signal?: AbortSignal): Promise<void>;
  putBlock(hash: BlockHash, body: BlockBody, signal?: AbortSignal): Promise<void>;
  /** The block as a frame of DELTA.md: the server has its bases from this user, and makes the block of them. */
  putDelta(hash: BlockHash, frame: Uint8Array, signal?: AbortSignal): Promise<void>;
  /** Of a large block that this user has: what a delta can be made from when the bytes are gone. */
  signature(hash: BlockHash, signal?: AbortSignal): Promise<Uint8Array>;
  /**
   * A frame of DELTA.md that makes the block of some of these, one to four that this user has. Rejects with ProblemError
   * `not-found` when the block itself is the better thing to fetch.
   */
  delta(hash: BlockHash, bases: readonly BlockHash[], signal?: AbortSignal): Promise<Uint8Array>;
  locate(hashes: readonly BlockHash[], signal?: AbortSignal): Promise<BlockLocation[]>;
  /**
   * Bytes at a signed address; the caller verifies the hash. They are put into `into` if they come as they are and fit, of which
   * the answer is then a view; nothing is written to it once the promise has settled.
   */
  fetch(url: string, range: { offset: number; length: number } | undefined, signal?: AbortSignal, into?: Uint8Array): Promise<Uint8Array>;
  commit(ops: readonly WireOp[], content: CommitContent, signal?: AbortSignal): Promise<CommitResponse>;
  /** `op` is that of the change at the cursor, where it is known. */
  changes(since: Seq, epoch: Epoch | null, signal?: AbortSignal, op?: OpId): Promise<ChangesPage>;
  manifest(node: NodeId, version: number, signal?: AbortSignal): Promise<string>;
  /** `known` is the folder's digest here: if it is the server's as well, the page is without children. */
  tree(node: NodeId, after: string | null, signal?: AbortSignal, known?: Digest): Promise<TreePage>;
};

export type FeedState = "live" | "polling" | "offline";

/** Pushed changes, or polled ones while no socket can be had; it reconnects by itself with full jitter. */
export type Feed = AsyncDisposable & {
  /** Looks at once, whatever the schedule says. */
  refresh(): void;
  /** Tells the server that all changes up to this one are on the disk, if there is a socket: for the account's insights alone. */
  applied(seq: Seq): void;
  /** Tells other devices, through the server, which blocks it has now of a file that is being sent; likewise, and a hint alone. */
  sending(hashes: readonly BlockHash[]): void;
};

export type FeedEvents = {
  /** Where to go on from, and the operation of that change where it is known; asked at every (re)connection. */
  cursor(): { epoch: Epoch | null; seq: Seq; op?: OpId | undefined };
  message(message: ServerMessage): void;
  state(state: FeedState, why?: string): void;
  /** This device was signed out: nothing more will be told, and `why` is for a person. */
  ended(why: string): void;
};

// --- content between disk and edge ---

export type LocalPlace = { readonly path: RelativePath; readonly offset: number };

/** What this device knows of blocks, from its database. */
export type BlockKnowledge = {
  /** The server has it from this user: no need to ask or send. */
  serverHas(hash: BlockHash): boolean;
  rememberServerHas(hashes: readonly BlockHash[]): void;
  /** Some places on this disk where these bytes stood at the last look; the reader verifies. */
  findLocal(hash: BlockHash): readonly LocalPlace[];
};

/** Blocks that changed lately, kept by their name. Nothing depends on any of them: they may be gone or damaged at any time. */
export type BlockStore = {
  /** From the least recently used to the most. */
  list(): Promise<readonly BlockRef[]>;
  /**
   * Undefined when it is not there or cannot be read. With memory handed in, of which the answer is then a view: as much of the block
   * as fits.
   */
  read(hash: BlockHash, into?: Uint8Array): Promise<Uint8Array | undefined>;
  /** The block as a whole or not at all, and the most recently used. Rejects when it cannot be kept. */
  write(hash: BlockHash, bytes: Uint8Array): Promise<void>;
  /** For the order of a later `list`: used just now, or the next to go. */
  mark(hash: BlockHash, as: "used" | "spent"): Promise<void>;
  /** Resolves when it is gone. */
  remove(hash: BlockHash): Promise<void>;
};

/** zstd, beside the thread that reads and hashes. */
export type Compression = {
  /** The compressed length of a few samples as a share of their own, at the fastest level: about what to expect, in some 0.1 ms. */
  trial(bytes: Uint8Array): number;
  /** The bytes hold still until it is done. */
  compress(bytes: Uint8Array): Promise<Uint8Array>;
  /** Rejects when it is malformed or longer than that. */
  decompress(bytes: Uint8Array, bytesMax: number): Promise<Uint8Array>;
};

export type TransferProgress = (bytes: number) => void;

/** The outcome of reading a file once: what it holds, and that it held still meanwhile. */
export type Ingested = {
  readonly manifest: string;
  readonly size: number;
  /** The same before and after reading. */
  readonly stat: Stat;
  /** Blocks small enough to travel inside the commit, that the server does not have yet. */
  readonly small: readonly SmallBlock[];
  /** Deltas small enough to travel inside the commit; of a small block that is in `small` too, for when the delta is refused. */
  readonly deltas: readonly DeltaFrame[];
};

/** What has come with pushed changes; whoever uses it verifies it. */
export type Received = {
  readonly blocks: ReadonlyMap<BlockHash, Uint8Array>;
  /** Frames of DELTA.md by the block that they make. */
  readonly deltas: ReadonlyMap<BlockHash, Uint8Array>;
};

export type Transfer = {
  /**
   * Reads a file (or a link's target) once: chunks, hashes, and sends the large blocks that the server lacks.
   * Rejects with DiskError `changed` when the file changed meanwhile, UnreachableError or ProblemError from the edge.
   */
  upload(
    path: RelativePath,
    options: {
      signal: AbortSignal;
      progress?: TransferProgress;
      /** What the file held when both sides last agreed: the server has it, so that deltas can be made from it. */
      before?: string | undefined;
    },
  ): Promise<Ingested>;
  /**
   * Sends large blocks of files that were read, since the server refused their deltas. Answers with those whose bytes are
   * nowhere on this device any more. Rejects as the edge does.
   */
  sendWhole(blocks: readonly BlockRef[], signal: AbortSignal): Promise<BlockHash[]>;
  /** Writes the content into the draft, from this disk where it can; every block is verified. */
  download(
    manifest: string,
    draft: Draft,
    options: {
      signal: AbortSignal;
      progress?: TransferProgress;
      received?: Received;
      /** What the file held on this disk at the last look, however old that is: blocks are made of its blocks where that pays. */
      before?: string | undefined;
    },
  ): Promise<void>;
  /**
   * Asks at once where the content of many files is that are about to be downloaded: their addresses come in a few
   * requests, and their small blocks by the pack. A hint: nothing depends on it. Rejects as the edge does.
   */
  prefetch?(manifests: readonly string[], signal: AbortSignal): Promise<void>;
  /** A symbolic link's target. */
  downloadBytes(manifest: string, signal: AbortSignal): Promise<Uint8Array>;
  /** Begins to fetch what other devices are sending; a download finds it here. The signal ends it as disposing of it does. */
  fetchEarly?(signal: AbortSignal): EarlyFetching;
};

/** Blocks of files that are not committed yet. Nothing depends on any of them. */
export type EarlyFetching = AsyncDisposable & {
  /** Some can be fetched now. Never waits and never fails. */
  hear(blocks: readonly ComingBlock[]): void;
  /** The disk is full: what is kept goes, and nothing is fetched for a while. */
  makeRoom(): void;
};

export type { Change };
