/** `GET /v1/usage`: what the account holds, may hold, and has sent. Bytes are of content: no names, manifests or heads. */
import * as z from "zod/mini";
import { deviceIdSchema } from "../ids.ts";

const bytes = z.int();

const traffic = {
  /** Those that changed something. */
  commits: z.int(),
  /** Of the new versions, as if each had been sent whole. */
  fileBytes: bytes,
  /** Of the blocks in them that none of the account's versions had. */
  blockBytes: bytes,
  /** Of content that travelled for them: compressed, as deltas, or nothing for what was proven. */
  sentBytes: bytes,
};
const trafficSchema = z.object(traffic);
export type Traffic = z.infer<typeof trafficSchema>;

export const usageSchema = z.object({
  /** What `current.bytes` may become. History is not counted. */
  quotaBytes: bytes,
  /** Links count as files; the root is no folder. */
  current: z.object({ bytes, files: z.int(), folders: z.int() }),
  /** The sizes of all versions that are kept and not current: of replaced ones and of deleted files. */
  history: z.object({ bytes }),
  /** Of the different blocks that current files and history are made of together. */
  storedBytes: bytes,
  saved: z.object({
    /** Of storage, by keeping a block once for all files and versions of the account. */
    storedBytes: bytes,
    /** Of the way up in the last 30 days; `byDeltas` with compression and proofs, below 0 if content was sent that was there. */
    sentBytes: z.object({ byBlocks: bytes, byDeltas: bytes }),
  }),
  /** Of the last 30 days. */
  total: trafficSchema,
  /** The last 30 days by device, the newest first; days are of UTC. Days and devices without a commit are left out. */
  days: z.array(z.object({ day: z.string(), device: deviceIdSchema, ...traffic })),
});
export type Usage = z.infer<typeof usageSchema>;

const dayMs = 24 * 60 * 60 * 1000;

/** Whole days of UTC since 1970; `at` is ms since then. */
export function dayOf(at: number): number {
  return Math.floor(at / dayMs);
}

/** As in ISO 8601: `2026-11-22`. */
export function dateOf(day: number): string {
  return new Date(day * dayMs).toISOString().slice(0, 10);
}
