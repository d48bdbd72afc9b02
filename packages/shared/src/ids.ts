/** Branded names of things. Each is parsed once, at the border, by the schemas here; inside, the types are trusted. */
import * as z from "zod/mini";
import { toBase64Url } from "./encoding.ts";

const id = /^[A-Za-z0-9_-]{22}$/;

/** 128 random bits as 22 characters of base64url. */
export const userIdSchema = z.string().check(z.regex(id)).brand<"UserId">();
export type UserId = z.infer<typeof userIdSchema>;

export const deviceIdSchema = z.string().check(z.regex(id)).brand<"DeviceId">();
export type DeviceId = z.infer<typeof deviceIdSchema>;

/** Made by the client that first sees the file or folder. The root of every namespace is {@link rootId}. */
export const nodeIdSchema = z.string().check(z.regex(id)).brand<"NodeId">();
export type NodeId = z.infer<typeof nodeIdSchema>;

/** Made by the client, one for each operation: the same id again is the same operation again (I4). */
export const opIdSchema = z.string().check(z.regex(id)).brand<"OpId">();
export type OpId = z.infer<typeof opIdSchema>;

export const packIdSchema = z.string().check(z.regex(id)).brand<"PackId">();
export type PackId = z.infer<typeof packIdSchema>;

export const shareIdSchema = z.string().check(z.regex(id)).brand<"ShareId">();
export type ShareId = z.infer<typeof shareIdSchema>;

/** SHA-256 of a block's plain bytes, 64 lower-case hexadecimal digits. */
export const blockHashSchema = z
  .string()
  .check(z.regex(/^[0-9a-f]{64}$/))
  .brand<"BlockHash">();
export type BlockHash = z.infer<typeof blockHashSchema>;

/** Marks one life of a namespace: a restore from a backup begins another, and cursors of the old one are void. */
export const epochSchema = z.string().check(z.regex(id)).brand<"Epoch">();
export type Epoch = z.infer<typeof epochSchema>;

/** The per-user number of a change: 1, 2, 3, ... without a gap. A cursor is the last one a device has applied; 0 is none. */
export const seqSchema = z.int().check(z.nonnegative());
export type Seq = z.infer<typeof seqSchema>;

export const rootId: NodeId = nodeIdSchema.parse("rootrootrootrootrootrt");

/** Fills the given bytes with cryptographically strong randomness. */
export type RandomBytes = (count: number) => Uint8Array;

/** A fresh id of any of the 22-character kinds; the caller's type says which. */
export function newId<Id extends UserId | DeviceId | NodeId | OpId | PackId | ShareId | Epoch>(random: RandomBytes): Id {
  return toBase64Url(random(16)) as Id;
}
