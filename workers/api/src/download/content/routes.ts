/** The content room: whole files for programs that know nothing of blocks. */
import { findContent } from "@ashlar/server/content/find-content";
import { isRevoked } from "@ashlar/server/accounts/sessions";
import { nodeIdSchema } from "@ashlar/shared/ids";
import { contentAddressRequestSchema } from "@ashlar/shared/protocol/content";
import { ProblemError } from "@ashlar/shared/protocol/problem";
import { Hono } from "hono";
import * as z from "zod/mini";
import { parseQuery, wholeNumber } from "../../control/query.ts";
import { type Env, metaShard } from "../../env.ts";
import { readJson } from "../../http/body.ts";
import type { ApiEnv } from "../../http/identity.ts";
import { pathPart } from "../../http/path-part.ts";
import { addressSigner, type DeviceGrantor } from "./address.ts";
import { answerFile } from "./file.ts";

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

content.get("/v1/c/:grant", async (c) => {
  const { by, node, version, as } = addressSigner(c.env).openContent(c.req.param("grant"), Date.now());
  const [found] = await Promise.all([findContent(metaShard(c.env, by.shard), { user: by.user, node, version }), requireDevice(c.env, by)]);
  return answerFile(c, by, found, as);
});

/** An address outlives no sign-out of the device that asked for it. */
export async function requireDevice({ DIRECTORY }: Env, { user, device }: DeviceGrantor): Promise<void> {
  if (await isRevoked({ db: DIRECTORY }, user, device)) throw new ProblemError("device-revoked");
}
