/** The content room: whole files and archives for programs that know nothing of blocks. */
import { isRevoked } from "@ashlar/server/accounts/sessions";
import { planArchive } from "@ashlar/server/content/archive-plan";
import { findContent } from "@ashlar/server/content/find-content";
import { sharedNode, sharedNodes } from "@ashlar/server/shares/shared-nodes";
import { type DeviceId, nodeIdSchema } from "@ashlar/shared/ids";
import { archiveRequestSchema, contentAddressRequestSchema } from "@ashlar/shared/protocol/content";
import { ProblemError } from "@ashlar/shared/protocol/problem";
import { type Context, Hono } from "hono";
import * as z from "zod/mini";
import { parseQuery, wholeNumber } from "../../control/query.ts";
import { metaShard } from "../../env.ts";
import { readJson } from "../../http/body.ts";
import type { ApiEnv } from "../../http/identity.ts";
import { pathPart } from "../../http/path-part.ts";
import { limitFor, visitorsOf } from "../../http/rate-limit.ts";
import { liveShare } from "../shares/ticket.ts";
import { type ArchiveGrant, type ContentGrant, addressSigner } from "./address.ts";
import { answerArchive } from "./archive.ts";
import { answerFile, type Owner } from "./file.ts";

const contentQuery = z.strictObject({ version: z.optional(wholeNumber) });

export const content = new Hono<ApiEnv>();

content.get("/v1/files/:node/content", async (c) => {
  const node = pathPart(nodeIdSchema, c.req.param("node"));
  const { version } = parseQuery(c, contentQuery);
  const { user, shard } = c.var.identity;
  return answerFile(c, { user, shard }, await findContent(metaShard(c.env, shard), { user, node, version }), "inline");
});

content.post("/v1/files/:node/address", async (c) => {
  const node = pathPart(nodeIdSchema, c.req.param("node"));
  const { version: wanted, as } = await readJson(c.req.raw, contentAddressRequestSchema);
  const { user, shard, device } = c.var.identity;
  const { version } = await findContent(metaShard(c.env, shard), { user, node, version: wanted });
  return c.json(addressSigner(c.env).content({ by: { user, shard, device }, node, version, as }, Date.now()));
});

/** Planned here as well: a refusal is better read by the program that asks than by a browser that saves. */
content.post("/v1/archives", async (c) => {
  const { nodes } = await readJson(c.req.raw, archiveRequestSchema);
  const { user, shard, device } = c.var.identity;
  await planArchive(metaShard(c.env, shard), user, nodes);
  return c.json(addressSigner(c.env).archive({ by: { user, shard, device }, nodes }, Date.now()));
});

content.get("/v1/c/:grant", async (c) => {
  const grant = addressSigner(c.env).openContent(c.req.param("grant"), Date.now());
  const { node, version, as } = grant;
  const owner = await contentOwner(c, grant);
  return answerFile(c, owner, await findContent(metaShard(c.env, owner.shard), { user: owner.user, node, version }), as);
});

content.get("/v1/z/:grant", async (c) => {
  const { by, nodes } = addressSigner(c.env).openArchive(c.req.param("grant"), Date.now());
  const owner = await archiveOwner(c, { by, nodes });
  return answerArchive(c, owner, await planArchive(metaShard(c.env, owner.shard), owner.user, nodes));
});

/** A share shows what is there now: not what was moved out since, nor content that was replaced. */
async function contentOwner(c: Context<ApiEnv>, { by, node, version }: ContentGrant): Promise<Owner> {
  if (!("share" in by)) return deviceOwner(c, by, "DOWNLOAD_LIMIT");
  const share = await liveShare(c, by.share);
  await limitFor(c, "DOWNLOAD_LIMIT", visitorsOf(share.user));
  const shown = await sharedNode(metaShard(c.env, share.shard), share, node);
  if (shown.version !== version) throw new ProblemError("not-found", "This file has changed: ask for its address again.");
  return share;
}

async function archiveOwner(c: Context<ApiEnv>, { by, nodes }: ArchiveGrant): Promise<Owner> {
  if (!("share" in by)) return deviceOwner(c, by, "WALK_LIMIT");
  const share = await liveShare(c, by.share);
  await limitFor(c, "WALK_LIMIT", visitorsOf(share.user));
  const shown = await sharedNodes(metaShard(c.env, share.shard), share, nodes);
  if (shown.length < new Set(nodes).size) throw new ProblemError("not-found");
  return share;
}

/** An address outlives no sign-out of the device that asked for it. */
async function deviceOwner(
  c: Context<ApiEnv>,
  { user, shard, device }: Owner & { readonly device: DeviceId },
  limit: "DOWNLOAD_LIMIT" | "WALK_LIMIT",
): Promise<Owner> {
  await limitFor(c, limit, user);
  if (await isRevoked({ db: c.env.DIRECTORY }, user, device)) throw new ProblemError("device-revoked");
  return { user, shard };
}
