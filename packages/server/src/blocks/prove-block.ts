/**
 * Proving possession of a block that others hold: the user makes a MAC of its bytes under a nonce, and so does the server from
 * what the bucket holds. Knowing the block's name is not enough for that (I2).
 */
import { toBase64Url } from "@ashlar/shared/encoding";
import type { BlockHash, UserId } from "@ashlar/shared/ids";
import { leaseMs } from "@ashlar/shared/limits";
import type { ProveRequest } from "@ashlar/shared/protocol/block";
import { equalText } from "../equal-text.ts";
import type { Clock, Database, KeyedMac, Sha256 } from "../ports.ts";
import { shardAt } from "./block-index.ts";
import { leaseBlock } from "./lease.ts";
import type { Proofs } from "./proofs.ts";
import { type BlockReadPorts, readPlainBlock } from "./read-block.ts";
import { shardOf } from "./shards.ts";

export type ProvePorts = BlockReadPorts & {
  readonly shards: readonly Database[];
  readonly clock: Clock;
  readonly sha256: Sha256;
  readonly keyedMac: KeyedMac;
  readonly proofs: Proofs;
};

export type ProveOutcome =
  /** The user has the block now, leased for 72 hours. */
  | "proven"
  /** Forged, for another user or block, wrong, or the block is gone: it has to be sent. */
  | "failed"
  /** The nonce was good once. */
  | "expired"
  /** The index says that the block is stored, but its object is missing or rotten: sending it mends that. */
  | "damaged";

/** Reads nothing unless the nonce is good. The order: protect the block from collection, read and compare, then the holder row. */
export async function proveBlock(ports: ProvePorts, user: UserId, { hash, nonce, proof }: ProveRequest): Promise<ProveOutcome> {
  const { shards, clock, keyedMac, proofs } = ports;
  const verdict = proofs.verifyNonce({ user, hash, nonce, now: clock.now() });
  if (verdict !== "good") return verdict === "expired" ? "expired" : "failed";
  const db = shardAt(shards, shardOf(hash, shards.length));
  if (!(await protectStored(db, hash, clock.now()))) return "failed";
  const block = await readPlainBlock(ports, hash);
  if (block.state !== "whole") return "damaged";
  if (!equalText(toBase64Url(keyedMac(nonce, block.bytes)), proof)) return "failed";
  return (await leaseBlock(db, { user, hash, now: clock.now(), sentBytes: 0 })) ? "proven" : "failed";
}

/** From here on the block can be read and leased in peace. False if it is not there, or on its way out. */
async function protectStored(db: Database, hash: BlockHash, now: number): Promise<boolean> {
  const [, found] = await db.batch([
    db
      .prepare("UPDATE blocks SET protected_until = ?2 WHERE hash = ?1 AND protected_until < ?2 AND state = 'stored'")
      .bind(hash, now + leaseMs),
    db.prepare("SELECT 1 FROM blocks WHERE hash = ?1 AND state = 'stored'").bind(hash),
  ]);
  return found?.results.length === 1;
}
