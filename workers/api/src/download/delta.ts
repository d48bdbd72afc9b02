/** `GET /v1/blocks/:hash/delta?base=HASH`: a block as its difference to blocks that the device still has, made on the spot. */
import { sha256 } from "@ashlar/durable-objects/crypto";
import { deltaCodec } from "@ashlar/durable-objects/delta-codec";
import { deltaKey, deltaName, keptDeltasOf, putDelta, saveDeltas } from "@ashlar/server/blocks/kept-deltas";
import { makeDelta, type MadeDelta, makingBytes } from "@ashlar/server/blocks/make-delta";
import type { BlockPlace } from "@ashlar/server/blocks/nameable";
import { type BlockHash, blockHashSchema, type UserId } from "@ashlar/shared/ids";
import { deltaBasesMax } from "@ashlar/shared/limits";
import { ProblemError } from "@ashlar/shared/protocol/problem";
import { type Context, Hono } from "hono";
import * as z from "zod/mini";
import { placesOf, readPorts, withMemory } from "../delta/rebuild.ts";
import { type Env, metaShard } from "../env.ts";
import { parse } from "../http/body.ts";
import type { ApiEnv } from "../http/identity.ts";
import { pathPart } from "../http/path-part.ts";

const basesSchema = z.array(blockHashSchema).check(z.minLength(1), z.maxLength(deltaBasesMax));

export const delta = new Hono<ApiEnv>();

delta.get("/v1/blocks/:hash/delta", async (c) => {
  const target = pathPart(blockHashSchema, c.req.param("hash"));
  const bases = basesOf(c, target);
  const { identity } = c.var;
  const places = await placesOf(
    c.env,
    identity,
    [target, ...bases].map((hash) => ({ hash })),
  );
  const place = places.get(target);
  const usable = bases.flatMap((hash) => places.get(hash) ?? []);
  // One answer for what is nobody's, somebody else's, not worth it, or damaged: the device fetches the block.
  if (place === undefined || place.pack !== null || usable.length === 0) throw new ProblemError("not-found");
  const db = metaShard(c.env, identity.shard);
  const frame = (await findKept(c.env, db, identity.user, { target, usable })) ?? (await make(c, db, { place, usable }));
  if (frame === undefined) throw new ProblemError("not-found");
  return c.body(frame, 200, { "content-type": "application/octet-stream" });
});

function basesOf(c: Context<ApiEnv>, target: BlockHash): BlockHash[] {
  const { base, ...others } = c.req.queries();
  const bases = parse(basesSchema, base ?? []);
  if (Object.keys(others).length > 0 || new Set([target, ...bases]).size !== bases.length + 1) {
    throw new ProblemError("bad-request", "Name one to four different blocks as `base`, and nothing else.");
  }
  return bases;
}

type Wanted = { readonly target: BlockHash; readonly usable: readonly BlockPlace[] };

/** The smallest that the device can use. Its object may have gone. */
async function findKept(env: Env, db: D1Database, user: UserId, { target, usable }: Wanted): Promise<ArrayBuffer | undefined> {
  const here = new Set(usable.map(({ hash }) => hash));
  const kept = await keptDeltasOf(db, user, target, Date.now());
  const [best] = kept.filter(({ bases }) => bases.every((base) => here.has(base))).toSorted((one, other) => one.size - other.size);
  const object = best === undefined ? null : await env.BLOCKS.get(deltaKey(user, deltaName(best)));
  return object?.arrayBuffer();
}

async function make(
  { env, executionCtx, var: { identity } }: Context<ApiEnv>,
  db: D1Database,
  { place, usable }: { readonly place: BlockPlace; readonly usable: readonly BlockPlace[] },
): Promise<ArrayBuffer | undefined> {
  const ports = { ...readPorts(env), codec: deltaCodec(), sha256 };
  const held = { owner: identity.user, bytes: makingBytes(usable) };
  const made = await withMemory(executionCtx, held, () => makeDelta(ports, place, usable));
  if (made === undefined) return undefined;
  await keep(env, db, identity.user, made);
  return new Uint8Array(made.frame).buffer;
}

/** The user's other devices were most likely away as well. No answer fails for it. */
async function keep(env: Env, db: D1Database, user: UserId, { kept, frame }: MadeDelta): Promise<void> {
  try {
    await putDelta(env.BLOCKS, user, kept, frame);
    await saveDeltas(db, user, [kept], Date.now());
  } catch (error) {
    console.warn("a delta is not kept", error);
  }
}
