/** `/v1/s`: shares as people with the link see them. No answer tells whose they are, or why one is not there. */
import { sha256 } from "@ashlar/durable-objects/crypto";
import { checkPassword } from "@ashlar/server/accounts/password";
import { planArchive } from "@ashlar/server/content/archive-plan";
import { readSharedTree, sharedNode, sharedNodes, shownNode } from "@ashlar/server/shares/shared-nodes";
import { countDownload, downloadsLeft, type FoundShare } from "@ashlar/server/shares/shares";
import { shareTokenHash } from "@ashlar/server/shares/token";
import { nodeIdSchema } from "@ashlar/shared/ids";
import { nameBytesMax } from "@ashlar/shared/limits";
import { ProblemError } from "@ashlar/shared/protocol/problem";
import {
  sharedAddressRequestSchema,
  sharedArchiveRequestSchema,
  type ShareInfo,
  type ShareOpened,
  shareOpenRequestSchema,
} from "@ashlar/shared/protocol/share";
import { type Context, Hono } from "hono";
import * as z from "zod/mini";
import { accountPorts } from "../../accounts/platform.ts";
import { parseQuery } from "../../control/query.ts";
import { metaShard } from "../../env.ts";
import { readJson } from "../../http/body.ts";
import type { ApiEnv } from "../../http/identity.ts";
import { pathPart } from "../../http/path-part.ts";
import { limitAddress, limitFor, limitRate, visitorsOf } from "../../http/rate-limit.ts";
import { addressSigner } from "../content/address.ts";
import { liveShare, newTicket, ticketShare } from "./ticket.ts";

const treeQuery = z.strictObject({ after: z.optional(z.string().check(z.maxLength(nameBytesMax))) });
const tokenSchema = z.string().check(z.regex(/^[\w-]{22}$/));

export const visitorShares = new Hono<ApiEnv>();

visitorShares.get("/v1/s/:token", limitAddress, async (c) => {
  const share = await linkedShare(c);
  const root = await sharedRoot(c, share);
  const needsPassword = share.passwordHash !== null;
  const info: ShareInfo = {
    needsPassword,
    root: needsPassword ? null : root,
    expiresAt: share.expiresAt,
    downloadsLeft: downloadsLeft(share),
  };
  return c.json(info);
});

visitorShares.post("/v1/s/:token/open", limitAddress, async (c) => {
  const { password } = await readJson(c.req.raw, shareOpenRequestSchema);
  const share = await linkedShare(c);
  const root = await sharedRoot(c, share);
  if (share.passwordHash !== null) await requirePassword(c, share.passwordHash, share.tokenHash, password);
  const opened: ShareOpened = { ...newTicket(c, share, Date.now()), root, downloadsLeft: downloadsLeft(share) };
  return c.json(opened);
});

visitorShares.get("/v1/s/tree/:node", async (c) => {
  const share = await ticketShare(c);
  const node = pathPart(nodeIdSchema, c.req.param("node"));
  const { after = "" } = parseQuery(c, treeQuery);
  return c.json(await readSharedTree(metaShard(c.env, share.shard), share, { node, after }));
});

visitorShares.post("/v1/s/address", async (c) => {
  const share = await ticketShare(c);
  const { node, as } = await readJson(c.req.raw, sharedAddressRequestSchema);
  const { kind, version } = await sharedNode(metaShard(c.env, share.shard), share, node);
  if (kind !== "file") throw new ProblemError("not-found");
  await requireDownload(c, share);
  return c.json(addressSigner(c.env).content({ by: { share: share.tokenHash }, node, version, as }, Date.now()));
});

visitorShares.post("/v1/s/archive", async (c) => {
  const share = await ticketShare(c);
  const { nodes } = await readJson(c.req.raw, sharedArchiveRequestSchema);
  await limitFor(c, "WALK_LIMIT", visitorsOf(share.user));
  const db = metaShard(c.env, share.shard);
  const shown = await sharedNodes(db, share, nodes);
  if (shown.length < new Set(nodes).size) throw new ProblemError("not-found");
  await planArchive(db, share.user, nodes);
  await requireDownload(c, share);
  return c.json(addressSigner(c.env).archive({ by: { share: share.tokenHash }, nodes }, Date.now()));
});

/** One whose downloads are used up is as gone as any other. */
async function linkedShare(c: Context<ApiEnv>): Promise<FoundShare> {
  const token = pathPart(tokenSchema, c.req.param("token") ?? "");
  const share = await liveShare(c, shareTokenHash(sha256, token));
  if (downloadsLeft(share) === 0) throw new ProblemError("not-found");
  return share;
}

async function sharedRoot(c: Context<ApiEnv>, share: FoundShare) {
  return shownNode(await sharedNode(metaShard(c.env, share.shard), share, share.node));
}

/** A few guesses a minute, whoever makes them. */
async function requirePassword(c: Context<ApiEnv>, passwordHash: string, tokenHash: string, password = ""): Promise<void> {
  await limitRate(c.env.SIGN_IN_LIMIT, `share ${tokenHash}`);
  const { right } = await checkPassword(accountPorts(c.env).scrypt, password, passwordHash);
  if (!right) throw new ProblemError("wrong-share-password");
}

async function requireDownload(c: Context<ApiEnv>, { tokenHash }: FoundShare): Promise<void> {
  if (!(await countDownload(accountPorts(c.env), tokenHash))) throw new ProblemError("not-found");
}
