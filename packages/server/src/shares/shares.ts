/** Shares in the directory: made, listed and ended by their owner, found by whoever has the link. */
import { newId, type NodeId, type ShareId, type UserId } from "@ashlar/shared/ids";
import { historyMs, sharesMax } from "@ashlar/shared/limits";
import { ProblemError } from "@ashlar/shared/protocol/problem";
import type { Share, ShareRequest } from "@ashlar/shared/protocol/share";
import type { AccountPorts } from "../accounts/accounts.ts";
import { hashPassword } from "../accounts/password.ts";
import type { Database } from "../ports.ts";
import { shareToken, shareTokenHash } from "./token.ts";

/** `mac` is keyed with the server's token key. */
export type SharePorts = AccountPorts;
export type ShareOwner = { readonly user: UserId; readonly shard: number };

/** What visitors' requests go by. */
export type FoundShare = ShareOwner & {
  readonly tokenHash: string;
  readonly node: NodeId;
  readonly passwordHash: string | null;
  readonly expiresAt: number | null;
  readonly downloadsMax: number | null;
  readonly downloads: number;
};

type Row = {
  readonly id: ShareId;
  readonly tokenHash: string;
  readonly node: NodeId;
  readonly hasPassword: number;
  readonly createdAt: number;
  readonly expiresAt: number | null;
  readonly downloadsMax: number | null;
  readonly downloads: number;
};

/** A share without its place, which the owner's own tree tells. */
export type ListedShare = Omit<Share, "path">;

/** Throws a ProblemError `too-many-shares`. That the node is the user's is for the caller to know. */
export async function createShare(ports: SharePorts, { user, shard }: ShareOwner, request: ShareRequest): Promise<ListedShare> {
  const { node, password } = request;
  const [expiresAt, downloadsMax] = [request.expiresAt ?? null, request.downloadsMax ?? null];
  const id = newId<ShareId>(ports.random);
  const token = shareToken(ports.mac, user, id);
  const passwordHash = password === undefined ? null : await hashPassword(ports, password);
  const createdAt = ports.clock.now();
  const row = await ports.db
    .prepare(
      `INSERT INTO shares (user_id, share_id, token_hash, shard, node_id, password_hash, created_at, expires_at, downloads_max)
       SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9 WHERE (SELECT count(*) FROM shares WHERE user_id = ?1) < ${sharesMax} RETURNING share_id`,
    )
    .bind(user, id, shareTokenHash(ports.sha256, token), shard, node, passwordHash, createdAt, expiresAt, downloadsMax)
    .first();
  if (row === null) throw new ProblemError("too-many-shares");
  const hasPassword = passwordHash !== null;
  return { id, node, url: urlOf(token), token, hasPassword, createdAt, expiresAt, downloadsMax, downloads: 0 };
}

/** All of them, the newest first. */
export async function listShares({ db, mac, sha256 }: Pick<SharePorts, "db" | "mac" | "sha256">, user: UserId): Promise<ListedShare[]> {
  const { results } = await db
    .prepare(
      `SELECT share_id AS id, token_hash AS tokenHash, node_id AS node, password_hash IS NOT NULL AS hasPassword, created_at AS createdAt,
         expires_at AS expiresAt, downloads_max AS downloadsMax, downloads
       FROM shares WHERE user_id = ?1 ORDER BY created_at DESC, share_id LIMIT ${sharesMax}`,
    )
    .bind(user)
    .all<Row>();
  return results.map(({ tokenHash, hasPassword, ...share }) => {
    const token = shareToken(mac, user, share.id);
    // Of a time when the server had another key: the link is good, but nobody can say it again.
    const isKnown = shareTokenHash(sha256, token) === tokenHash;
    return { ...share, hasPassword: hasPassword === 1, url: isKnown ? urlOf(token) : null, token: isKnown ? token : null };
  });
}

const urlOf = (token: string): string => `/s/${token}`;

/** False if this user has no such share. */
export async function endShare({ db }: Pick<SharePorts, "db">, user: UserId, id: ShareId): Promise<boolean> {
  const row = await db.prepare("DELETE FROM shares WHERE user_id = ?1 AND share_id = ?2 RETURNING share_id").bind(user, id).first();
  return row !== null;
}

const live = "token_hash = ?1 AND (expires_at IS NULL OR expires_at > ?2)";

/** Undefined for one that never was, has ended or is past its time: nobody can tell which. */
export async function findShare({ db, clock }: Pick<SharePorts, "db" | "clock">, tokenHash: string): Promise<FoundShare | undefined> {
  const row = await db
    .prepare(
      `SELECT user_id AS user, shard, token_hash AS tokenHash, node_id AS node, password_hash AS passwordHash, expires_at AS expiresAt,
         downloads_max AS downloadsMax, downloads FROM shares WHERE ${live}`,
    )
    .bind(tokenHash, clock.now())
    .first<FoundShare>();
  return row ?? undefined;
}

/** Null: as many as one likes. */
export function downloadsLeft({ downloadsMax, downloads }: Pick<FoundShare, "downloads" | "downloadsMax">): number | null {
  return downloadsMax === null ? null : Math.max(0, downloadsMax - downloads);
}

/** One statement, so that of two who ask for the last one only one gets it. False when there is none left, or the share has ended. */
export async function countDownload({ db, clock }: Pick<SharePorts, "db" | "clock">, tokenHash: string): Promise<boolean> {
  const row = await db
    .prepare(
      `UPDATE shares SET downloads = downloads + 1 WHERE ${live} AND (downloads_max IS NULL OR downloads < downloads_max)
       RETURNING downloads`,
    )
    .bind(tokenHash, clock.now())
    .first();
  return row !== null;
}

/** Forgets shares that expired long ago: until then their owner sees what became of them. Answers how many. `now` is ms since 1970. */
export async function pruneShares(db: Database, now: number): Promise<number> {
  const { results } = await db
    .prepare(
      `DELETE FROM shares WHERE (user_id, share_id) IN (SELECT user_id, share_id FROM shares WHERE expires_at < ?1 LIMIT 10000)
       RETURNING share_id`,
    )
    .bind(now - historyMs)
    .all();
  return results.length;
}
