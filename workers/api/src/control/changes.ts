/** `GET /v1/changes?since=SEQ&epoch=EPOCH[&op=OP][&limit=N]`: the journal, for devices without a socket or far behind. */
import { readChanges } from "@ashlar/server/namespace/journal";
import { epochSchema, opIdSchema } from "@ashlar/shared/ids";
import { changesPageMax } from "@ashlar/shared/limits";
import { ProblemError } from "@ashlar/shared/protocol/problem";
import { Hono } from "hono";
import * as z from "zod/mini";
import { metaShard } from "../env.ts";
import type { ApiEnv } from "../http/identity.ts";
import { parseQuery, wholeNumber } from "./query.ts";

const querySchema = z.strictObject({
  since: wholeNumber,
  epoch: z.optional(epochSchema),
  op: z.optional(opIdSchema),
  limit: z.optional(wholeNumber.check(z.minimum(1), z.maximum(changesPageMax))),
});

export const changes = new Hono<ApiEnv>();

changes.get("/v1/changes", async (c) => {
  const { since, epoch = null, op, limit = changesPageMax } = parseQuery(c, querySchema);
  const { user, shard } = c.var.identity;
  const answer = await readChanges(metaShard(c.env, shard), { user, since, epoch, op, limit, now: Date.now() });
  if (answer.kind !== "page") throw new ProblemError(answer.kind);
  return c.json({ epoch: answer.epoch, head: answer.head, changes: answer.changes });
});
