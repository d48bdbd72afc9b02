/**
 * Every bound of the protocol, with its unit in its name. Both sides of the wire read them here, and each has a test
 * at the limit and one past it (DESIGN section 12).
 */

const KiB = 1024;
const MiB = 1024 * KiB;
const GiB = 1024 * MiB;
const secondMs = 1000;
const minuteMs = 60 * secondMs;
const hourMs = 60 * minuteMs;
export const dayMs = 24 * hourMs;

/** A block: 1 byte to 4 MiB of plain content. */
export const blockBytesMax = 4 * MiB;
/** Blocks up to this size travel inside the commit and live in the user's packs; larger ones are objects of their own. */
export const packBlockBytesMax = 64 * KiB;
/** One pack object; a first sync fetches packs whole, so they stay as small as a block. */
export const packBytesMax = 4 * MiB;

/** Copies in one delta: bounds what a decoder does for many short ones. */
export const deltaCopiesMax = 131_072;

export const commitOpsMax = 1000;
/** Sum of the blocks that one commit carries inline. */
export const commitInlineBytesMax = 16 * MiB;
/** Inline blocks of one commit: ten for each operation, so that neither a list of bad entries nor one of tiny blocks fills a Worker's memory. */
export const commitInlineBlocksMax = 10 * commitOpsMax;
/** The paths of all changes that one commit is answered with: RPC takes 32 MiB, and a character may take two bytes there. */
export const commitPathCharsMax = 8 * MiB;
/** The commit's JSON head: operations with their manifests. */
export const commitHeadBytesMax = 12 * MiB;
/** Deltas of one commit: each costs the server its bases in memory and a block's worth of hashing. Larger edits are sent before it. */
export const commitDeltasMax = 16;
/** A delta that is not much smaller than its block is no use. */
export const deltaFrameBytesMax = 4 * MiB;
/** Blocks that one delta may copy from. */
export const deltaBasesMax = 4;
export const deltaBaseBytesMax = deltaBasesMax * blockBytesMax;
/** Deltas that one change names; `locate` tells of the others. */
export const changeDeltasMax = 100;
/** How long a delta is kept for other devices: as long as the journal that tells of it. */
export const deltaMs = 7 * dayMs;
/** Blocks that one isolate holds for rebuilding others, of the 128 MiB it has: two of the largest rebuilds, or many small ones. */
export const rebuildBytesMax = 48 * MiB;
/** Rebuilds that wait for their turn in one isolate; the next is told to try again. */
export const rebuildsWaitingMax = 64;
/** A rebuild that has waited this long is told to try again: a platform lets a request whose client has left go on for half a minute. */
export const rebuildWaitMsMax = 30 * secondMs;
/** A rebuild takes a second or two. One that has not ended after this was dropped in the middle, and its memory is free. */
export const rebuildMsMax = minuteMs;
/** Runs of a manifest that a patch replaces; more than these and the manifest is sent whole. */
export const manifestSplicesMax = 64;
/** Requests of one account in a period that its session allows: some 200 MiB/s of blocks. */
export const sessionRequestsMax = 1000;
/** Signed addresses that it may read meanwhile: no database is asked for them. */
export const sessionDownloadsMax = 5000;
/** Searches and archives among them, each of which may look through 50,000 rows of a database that others use too. */
export const sessionWalksMax = 60;
export const sessionPeriodS = 10;
export const checkHashesMax = 1000;
export const locateHashesMax = 1000;
/** A nonce that `check` gives for a proof: long enough to wait behind other blocks on a slow link, short enough to be worth nothing later. */
export const proofMs = 5 * minuteMs;
/**
 * Other holders from which on a block's possession may be proven: drawn for each block from this range, both ends included, and
 * never told. Below 3, one account of the curious would do to test for one other user.
 */
export const proveHoldersMin = 3;
export const proveHoldersMax = 10;
/** What a refusal says may quote the request; more of it than this helps nobody. */
export const problemDetailCharsMax = 1000;
/** Any other JSON body. */
export const jsonBodyBytesMax = 256 * KiB;

export const nameBytesMax = 255;
export const pathDepthMax = 128;
export const fileBytesMax = 128 * GiB;
/** A symbolic link's target, as PATH_MAX of Linux has it. */
export const linkTargetBytesMax = 4096;
/** An `.ashlarignore` file is read whole before its folder is; more rules than this are a mistake. */
export const ignoreFileBytesMax = 256 * KiB;
/**
 * A file modified this shortly before it was read may have been modified again within the same tick of its file
 * system's clock: 2 s for the coarsest (FAT). It is read once more (git's racy rule).
 */
export const racyMs = 2 * secondMs;

export const emailCharsMax = 254;
export const passwordCharsMin = 8;
export const passwordCharsMax = 256;
export const deviceNameCharsMax = 64;
/** Of a code that a person types: 20^8 are enough for codes that live for minutes and are guessed ten times in one. */
export const userCodeChars = 8;
/** How long a code waits for its answer, and the answer for the command. */
export const deviceCodeMs = 10 * minuteMs;
/** Between two questions of a command whether its code was answered; a command that asks sooner waits this much longer. */
export const deviceCodePollMs = 5 * secondMs;
/** Devices in one answer; the least recently seen are left out. */
export const devicesListedMax = 500;

/** Days that `GET /v1/usage` tells of, today among them, with a row for each device of a day. */
export const usageDays = 30;
/** Rows in one answer, the newest first: a hundred devices every day. */
export const usageRowsMax = 3000;
/** Commits whose acknowledgement an object remembers, to see how long other devices take to apply them. */
export const pushTimesKept = 64;
/** How long the numbers of a day are kept. */
export const usageMs = 90 * dayMs;

/** How long a block is protected after it was named by check, stored, or released (DESIGN sections 4 and 5). */
export const leaseMs = 72 * hourMs;
/** What is prolonged lasts this much longer, so that asking over and over writes a row an hour and not one each time. */
export const prolongedMs = 1 * hourMs;
/** How far back a device may go on from its cursor; one with an older cursor must reconcile. */
export const journalMs = 7 * dayMs;
/** How long a superseded version, a deleted node and a row of the journal are kept: as far back as anything can be brought back. */
export const historyMs = 30 * dayMs;
/** A folder is deleted from the inside out: what went from it this shortly before belongs to the same deletion, however large it was. */
export const deletionRunMs = 1 * hourMs;
/** Folders of the trash in one question for what was deleted in them: with a page of each, some 3 MB. */
export const trashFoldersMax = 20;
/** Rows of the journal that one request looks through for what it wants, such as deletions or the changes below a path. */
export const historyScanRowsMax = 5000;
/** What a name is searched for, in characters. */
export const searchCharsMax = 64;
/** Names that one request looks through, and matches that it answers. */
export const searchScanRowsMax = 50_000;
export const searchPageMax = 100;
/** A path in a query. The longest possible one has some 32 KiB; addresses above 16 KiB are refused by platforms on the way. */
export const queryPathCharsMax = 8 * KiB;
/** A pack is not rewritten before it is this old, and then only if less than a quarter of it is in use. */
export const packRewriteMs = 1 * dayMs;

/** A run of the collector begins nothing more after this time... */
export const collectMsMax = 10 * minuteMs;
/** ...and keeps other runs out for this long if it dies: what it had sent lands within the 15 minutes that the platform gives a run. */
export const collectLockMs = 30 * minuteMs;
/** How often each user's history is looked through. */
export const tendMs = 1 * dayMs;
export const runRecordMs = 90 * dayMs;

export const accessTokenMs = 15 * minuteMs;
export const refreshTokenMs = 90 * dayMs;
/** A refresh token used again within this time is a lost answer, not a theft: it gets the same successor. Longer than a client waits on a silent network. */
export const refreshGraceMs = 5 * minuteMs;
/** How long a signed address is good at least. */
export const signedUrlMs = 1 * hourMs;
/** Signed addresses expire at multiples of this, so that the same one is handed out again and browsers can cache by it. */
export const signedUrlWindowMs = 30 * minuteMs;

// --- whole files, archives, shares ---

/** Blocks of a whole file that one stream fetches ahead of its reader: enough to hide a bucket's latency at some 100 MiB/s. */
export const readAheadBytesMax = 12 * MiB;
/** A platform has six connections for an invocation; a block in the cache's way takes one at a time. */
export const readAheadBlocksMax = 6;
/** All that the streams of one isolate fetch ahead, of the 128 MiB it has; beyond it each has one block at a time. */
export const readAheadsBytesMax = 40 * MiB;
/** A block that was fetched ahead is read soon, or its reader has gone without a word. */
export const readAheadMsMax = minuteMs;
/** Nodes that one archive is made of: their ids are in its address, and addresses above 8 KiB are refused by platforms on the way. */
export const archiveNodesMax = 200;
/** Files and folders in one archive: their names are in memory, and a platform allows a thousand queries for a request. */
export const archiveEntriesMax = 50_000;
/** Their paths together: of files in the deepest folder with the longest names they would take more than a gigabyte. */
export const archivePathCharsMax = 16 * MiB;

/** How long an opened share can be looked around in before it is opened again. */
export const shareTicketMs = 1 * hourMs;
/** Guessing is limited to a few tries a minute: a million numbers are enough. */
export const sharePasswordCharsMin = 6;
export const shareDownloadsMax = 1_000_000;
/** Shares of one account. */
export const sharesMax = 1000;

/** How long a signed-out device is remembered, so that its last tokens are answered `device-revoked`. */
export const revokedDeviceMs = 90 * dayMs;

/** Changes in one page of the journal or one message on the socket. */
export const changesPageMax = 500;
/** Folders that one request lists, and their children in its answer: each folder gets its share of them. */
export const treeFoldersMax = 20;
export const treeChildrenMax = 2000;
/** A manifest above this many characters is left out of a change and fetched on its own. */
export const changeManifestCharsMax = 32 * KiB;
/** All manifests in one page, answer or message, with the paths in a page of the journal: RPC between Workers takes 32 MiB, and a phone less. */
export const pageManifestCharsMax = 4 * MiB;
/** Block content that a pushed commit carries along, in total, so that a small edit needs no further request. */
export const pushInlineBytesMax = 64 * KiB;
/** D1 refuses rows and parameters above 2,000,000 bytes: larger manifests live in R2, larger statements are split. */
export const manifestRowCharsMax = 1_000_000;

/** Blocks that the edge has lost and asks a user's devices for, in one message. */
export const wantedBlocksMax = 1000;

/** What a device may say in one message on the socket. */
export const socketMessageBytesMax = 64 * KiB;
/** Blocks that a device tells of in one message while it sends them: some 128 MiB of a file. */
export const sendingHashesMax = 64;
/** Such messages of one user that are looked at or wait for it; those that come meanwhile are dropped. */
export const sendingWaitingMax = 4;

/** More than these are left over from lost connections: the oldest are closed. */
export const socketsPerDeviceMax = 8;
/** Commits of one user that wait for their turn; a device sends one at a time. */
export const commitsWaitingMax = 64;

export const reconnectMsMin = 500;
export const reconnectMsMax = 30 * secondMs;
export const pollActiveMs = 10 * secondMs;
export const pollIdleMsMax = 120 * secondMs;
export const settleMs = 250;
export const settleMsMax = 2 * secondMs;

// --- the client's network ---

/** An answer is read no further than this: pages of changes and folders are the longest. */
export const answerBytesMax = 64 * MiB;
/** Names and values in the head of an answer, together; what stands between them is not counted. */
export const answerHeadBytesMax = 8 * KiB;
/** Tries of one request before its failure is told; with full jitter they take some 4 s, and the engine tries again later. */
export const requestAttemptsMax = 5;
/** A wait that the server asks for is sat out up to this inside a request; a longer one is the engine's to plan. */
export const retryAfterMsMax = 30 * secondMs;
/** An access token is replaced this long before it runs out, so that no request meets the end on its way. */
export const accessTokenMarginMs = minuteMs;
/** Connections to the edge: parallel blocks, and some for the small requests between them. */
export const connectionsMax = 16;
export const connectMsMax = 10 * secondMs;
/** Without a byte in either direction a request is given up; there is no cap while bytes flow, for the sake of slow links. */
export const silenceMsMax = 60 * secondMs;

export const pingMs = 30 * secondMs;
/** A socket that says nothing this long after a ping is dead. */
export const pongMsMax = 10 * secondMs;
/** A socket that lived this long was a good one: the next reconnection begins at the shortest wait again. */
export const socketStableMs = minuteMs;

/** Parallel block uploads and downloads, over all files: some round trips' worth, and no more than memory allows. */
export const transfersInFlightMax = 8;
/**
 * Of blocks that are being sent, at the same time: what a line of 800 Mbit/s carries in 100 ms. With more they share the line for
 * longer and end together, and whoever fetches them meanwhile begins later.
 */
export const sendingBytesMax = 10 * MiB;
/** Block content held in memory for uploads, and as much again for downloads. */
export const transferBytesMax = 48 * MiB;
/** Fetched parts of packs that wait for the files that want them. */
export const packCacheBytesMax = 32 * MiB;
/** Signed addresses remembered: some 10 MB of text. */
export const locationsCachedMax = 20_000;
/** Two wanted blocks of a pack no further apart than this are fetched as one range: cheaper than another request. */
export const packGapBytesMax = 32 * KiB;

/** What was sent is told in one message for as long as this: a fraction of what one block takes on most links. */
export const sendingMs = 200;
/** Blocks of other devices' files that are not committed yet, kept beside the database until they are. */
export const earlyBlocksBytesMax = 512 * MiB;
/** Of them fetched at the same time: half of what is in flight is left for what is wanted already. */
export const earlyAtOnceMax = 4;
/** Addresses of such blocks that wait for their turn; an address is good for an hour. */
export const earlyWaitingMax = 1000;
/** What they were for is not to come any more when nothing was heard of for so long. */
export const earlyMs = 15 * minuteMs;

/** Blocks kept beside the database because they changed lately, and may change again: enough for the edits of a working day. */
export const blockCacheBytesMax = 256 * MiB;
/** A shorter block is sent as it is: a delta saves less than the first window of a connection carries. So is what the cache keeps longer than this. */
export const deltaBlockBytesMin = 16 * KiB;
/**
 * What a delta has to save against the block, for the server reads the bases and rebuilds for it, and keeps an object: as much
 * as the first window of a connection carries, and of a long block a little more. No larger share: 1 MiB put at the end of a
 * file is to cost 1 MiB, whatever its last block had before.
 */
export const deltaSavedBytesMin = 16 * KiB;
export const deltaShareMax = 63 / 64;
/** A longer delta is sent on its own, before the commit. */
export const deltaInlineBytesMax = 64 * KiB;
/** All deltas of one commit, so that an edit stays one small request. */
export const commitDeltaBytesMax = 256 * KiB;
/** Deltas made or applied at the same time, each with up to {@link deltaBaseBytesMax} in memory. */
export const deltasAtOnceMax = 2;
/** Blocks of one file in a row for which a delta did not pay: the file was rewritten, and the rest of it is sent without trying. */
export const deltaFailuresMax = 4;
