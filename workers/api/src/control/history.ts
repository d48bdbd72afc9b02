/** What was: what is or was at a path, versions, the trash, the tree of a moment, and who changed what. All of it only reads. */
import { deviceNames } from "@ashlar/server/history/device-names";
import { find } from "@ashlar/server/history/find";
import { readLog } from "@ashlar/server/history/log";
import { readRewind } from "@ashlar/server/history/rewind";
import { readTrash, readTrashBelow } from "@ashlar/server/history/trash";
import { readVersions } from "@ashlar/server/history/versions";
import { nodeIdSchema } from "@ashlar/shared/ids";
import { nameBytesMax, queryPathCharsMax, trashFoldersMax } from "@ashlar/shared/limits";
import { type Context, Hono } from "hono";
import * as z from "zod/mini";
import { metaShard } from "../env.ts";
import type { ApiEnv } from "../http/identity.ts";
import { pathPart } from "../http/path-part.ts";
import { parseQuery, wholeNumber } from "./query.ts";

const path = z.string().check(z.maxLength(queryPathCharsMax));
const after = z.optional(wholeNumber);
const folderList = z.pipe(
  z.pipe(
    z.string(),
    z.transform((text: string) => text.split(",")),
  ),
  z.array(nodeIdSchema).check(z.maxLength(trashFoldersMax)),
);
/** A name and an id with a slash between. */
const belowCursor = z.string().check(z.maxLength(nameBytesMax + 23));

const findQuery = z.strictObject({ path });
const beforeQuery = z.strictObject({ before: z.optional(wholeNumber) });
const belowQuery = z
  .strictObject({ folders: folderList, after: z.optional(belowCursor) })
  .check(z.refine((query) => query.after === undefined || query.folders.length === 1, { error: "a cursor goes on in one folder" }));
const rewindQuery = z.strictObject({ to: wholeNumber, after });
const logQuery = z.strictObject({ from: wholeNumber, after, path: z.optional(path), node: z.optional(nodeIdSchema) });

const database = (c: Context<ApiEnv>) => metaShard(c.env, c.var.identity.shard);
const names = (c: Context<ApiEnv>) => deviceNames(c.env.DIRECTORY, c.var.identity.user);

export const history = new Hono<ApiEnv>();

history.get("/v1/find", async (c) => c.json(await find(database(c), { user: c.var.identity.user, ...parseQuery(c, findQuery) })));

history.get("/v1/files/:node/versions", async (c) => {
  const node = pathPart(nodeIdSchema, c.req.param("node"));
  const { before = Number.MAX_SAFE_INTEGER } = parseQuery(c, beforeQuery);
  return c.json(await readVersions(database(c), names(c), { user: c.var.identity.user, node, before }));
});

history.get("/v1/trash", async (c) => {
  const { before = null } = parseQuery(c, beforeQuery);
  return c.json(await readTrash(database(c), names(c), { user: c.var.identity.user, before, now: Date.now() }));
});

history.get("/v1/trash/below", async (c) => {
  const { folders, after: cursor = null } = parseQuery(c, belowQuery);
  return c.json(await readTrashBelow(database(c), { user: c.var.identity.user, folders, after: cursor }));
});

history.get("/v1/rewind", async (c) => {
  const { to, after: seq = null } = parseQuery(c, rewindQuery);
  return c.json(await readRewind(database(c), { user: c.var.identity.user, to, after: seq, now: Date.now() }));
});

history.get("/v1/log", async (c) => {
  const { from, after: seq = null, path: below = null, node = null } = parseQuery(c, logQuery);
  return c.json(await readLog(database(c), names(c), { user: c.var.identity.user, from, after: seq, path: below, node, now: Date.now() }));
});
