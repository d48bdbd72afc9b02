/** `/v1/shares`: an account's own shares. */
import { isRevoked } from "@ashlar/server/accounts/sessions";
import { chainOf, readUpwards } from "@ashlar/server/history/past-node";
import { sharedNode } from "@ashlar/server/shares/shared-nodes";
import { createShare, endShare, type ListedShare, listShares } from "@ashlar/server/shares/shares";
import { rootId, shareIdSchema } from "@ashlar/shared/ids";
import { ProblemError } from "@ashlar/shared/protocol/problem";
import { type Share, shareRequestSchema } from "@ashlar/shared/protocol/share";
import { type Context, Hono } from "hono";
import { accountPorts } from "../../accounts/platform.ts";
import { metaShard } from "../../env.ts";
import { readJson } from "../../http/body.ts";
import type { ApiEnv } from "../../http/identity.ts";
import { pathPart } from "../../http/path-part.ts";

export const ownShares = new Hono<ApiEnv>();

ownShares.post("/v1/shares", async (c) => {
  const request = await readJson(c.req.raw, shareRequestSchema);
  if (request.expiresAt !== undefined && request.expiresAt <= Date.now()) throw new ProblemError("bad-request", "expiresAt has passed.");
  if (request.node === rootId) throw new ProblemError("bad-request", "Share a file or a folder, not everything.");
  await requireSignedIn(c);
  const { user, shard } = c.var.identity;
  await sharedNode(metaShard(c.env, shard), { user, node: request.node }, request.node);
  const [share] = await withPaths(c, [await createShare(accountPorts(c.env), { user, shard }, request)]);
  return c.json(share, 201);
});

ownShares.get("/v1/shares", async (c) =>
  c.json({ shares: await withPaths(c, await listShares(accountPorts(c.env), c.var.identity.user)) }),
);

ownShares.delete("/v1/shares/:id", async (c) => {
  const id = pathPart(shareIdSchema, c.req.param("id"));
  await requireSignedIn(c);
  if (!(await endShare(accountPorts(c.env), c.var.identity.user, id))) throw new ProblemError("not-found");
  return c.body(null, 204);
});

/** A share outlives the token that made it, so a device that was signed out makes none with the minutes that its token has left. */
async function requireSignedIn(c: Context<ApiEnv>): Promise<void> {
  const { user, device } = c.var.identity;
  if (await isRevoked(accountPorts(c.env), user, device)) throw new ProblemError("device-revoked");
}

async function withPaths(c: Context<ApiEnv>, shares: readonly ListedShare[]): Promise<Share[]> {
  const { user, shard } = c.var.identity;
  const rows = await readUpwards(
    metaShard(c.env, shard),
    user,
    shares.map(({ node }) => node),
  );
  return shares.map((share) => {
    const isLive = rows.get(share.node)?.deletedAt === null;
    const names = chainOf(rows, share.node).map(({ name }) => name);
    return { ...share, path: isLive ? names.join("/") : null };
  });
}
