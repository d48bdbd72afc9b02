/** Changes: the journal's rows as devices see them, by `GET /v1/changes?since=&epoch=` and on the socket. */
import * as z from "zod/mini";
import { blockHashSchema, deviceIdSchema, epochSchema, nodeIdSchema, opIdSchema, seqSchema, userIdSchema } from "../ids.ts";
import { manifestPatchSchema } from "../manifest-patch.ts";
import { sendingHashesMax } from "../limits.ts";
import { blockSizeSchema, locationSchema } from "./block.ts";

export const changeTypeSchema = z.enum(["create", "update", "move", "delete", "restore"]);
export type ChangeType = z.infer<typeof changeTypeSchema>;

/** The event `file_changed`: the node as it was right after this change. */
export const changeSchema = z.object({
  seq: seqSchema,
  opId: opIdSchema,
  type: changeTypeSchema,
  user: userIdSchema,
  /** Who made it. */
  device: deviceIdSchema,
  /** When the server ordered it, in ms since 1970. */
  at: z.int(),
  node: nodeIdSchema,
  parent: nodeIdSchema,
  name: z.string(),
  spelling: z.optional(z.string()),
  /** From the root, `/` between names, at the time of the change. */
  path: z.string(),
  kind: z.enum(["file", "folder", "symlink"]),
  rev: z.int(),
  version: z.int(),
  size: z.int(),
  mtimeMs: z.int(),
  mode: z.int(),
  /** The block hashes and sizes. Null for a folder, and for a long one: `GET /v1/files/:node/versions/:version`. */
  manifest: z.nullable(z.string()),
  /** Instead of a manifest, in what is pushed and answered: how it differs from an earlier version's. */
  patch: z.optional(manifestPatchSchema),
  /** New blocks that the server has as deltas too: a device with all of a delta's bases fetches `size` bytes instead of the block. */
  deltas: z.array(z.object({ target: blockHashSchema, bases: z.array(blockHashSchema), size: z.int() })),
});
export type Change = z.infer<typeof changeSchema>;

/** `GET /v1/changes?since=SEQ&epoch=EPOCH[&op=OP][&limit=N]`; `since=0` without an epoch begins. */
export const changesResponseSchema = z.object({
  epoch: epochSchema,
  head: seqSchema,
  changes: z.array(changeSchema),
});
export type ChangesPage = z.infer<typeof changesResponseSchema>;

/** `GET /v1/files/:node/versions/:version`. */
export const versionResponseSchema = z.object({
  node: nodeIdSchema,
  version: z.int(),
  manifest: z.string(),
  size: z.int(),
  mtimeMs: z.int(),
});
export type VersionContent = z.infer<typeof versionResponseSchema>;

/** Bytes of a small block, or a delta's frame that makes the block `target`, in base64url: sent along with a pushed change. */
export const inlineBlockSchema = z.object({ hash: z.string(), data: z.string() });
export const inlineDeltaSchema = z.object({ target: blockHashSchema, data: z.string() });

/** What a device says on the socket (`GET /v1/events`, subprotocol `ashlar.v1`); besides, `ping` is answered `pong`. */
export const deviceMessageSchema = z.discriminatedUnion("type", [
  z.strictObject({
    type: z.literal("hello"),
    /** Null: this device knows nothing yet. */
    epoch: z.nullable(epochSchema),
    cursor: seqSchema,
    /** Of the change at the cursor: in another life of the namespace another one has that number. */
    op: z.optional(opIdSchema),
  }),
  /** After hello, whenever it likes: all changes up to this one are on its disk. For the account's insights alone. */
  z.strictObject({ type: z.literal("applied"), seq: seqSchema }),
  /** After hello, whenever it likes: large blocks of a file that is not committed yet, which the server has now. A hint. */
  z.strictObject({
    type: z.literal("sending"),
    hashes: z.array(blockHashSchema).check(z.minLength(1), z.maxLength(sendingHashesMax)),
  }),
]);
export type DeviceMessage = z.infer<typeof deviceMessageSchema>;
export type Hello = Extract<DeviceMessage, { type: "hello" }>;

/** A large block that another device has sent and not committed yet, at a signed address. */
export const comingBlockSchema = z.object({ hash: blockHashSchema, size: blockSizeSchema, url: z.string() });
export type ComingBlock = z.infer<typeof comingBlockSchema>;

/** What the server says on the socket. */
export const serverMessageSchema = z.discriminatedUnion("type", [
  /** First answer to hello, with the oldest page that the device misses; if its last is below head, fetch the rest. */
  z.object({ type: z.literal("welcome"), epoch: epochSchema, head: seqSchema, changes: z.array(changeSchema) }),
  /** As it happens. A device that sees a gap before the first seq fetches what it missed. */
  z.object({
    type: z.literal("changes"),
    head: seqSchema,
    changes: z.array(changeSchema),
    /** Small content, and signed addresses of the rest. */
    inline: z.array(inlineBlockSchema),
    deltas: z.optional(z.array(inlineDeltaSchema)),
    locations: z.array(locationSchema),
  }),
  /** What another device is sending: whoever has it by the time of the commit need not fetch it then. A hint, which may be lost. */
  z.object({ type: z.literal("coming"), blocks: z.array(comingBlockSchema) }),
  /** The cursor is too old, or of another epoch: reconcile. */
  z.object({ type: z.literal("reconcile"), code: z.enum(["cursor-expired", "epoch-changed"]), epoch: epochSchema, head: seqSchema }),
]);
export type ServerMessage = z.infer<typeof serverMessageSchema>;

export const socketProtocol = "ashlar.v1";
/** Browsers cannot set headers on a socket: they offer this subprotocol with the access token behind the prefix. */
export const socketTokenPrefix = "ashlar.token.";
/** Close codes: the token is no good any more (refresh it, or sign in), a message was not understood. */
export const closeCodes = { unauthenticated: 4401, revoked: 4403, badMessage: 4400 } as const;
