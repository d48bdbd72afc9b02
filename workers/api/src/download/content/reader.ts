/** Blocks for whole files: from the edge cache, else from the bucket and into the cache; verified either way. */
import { sha256 } from "@ashlar/durable-objects/crypto";
import { unzstd } from "@ashlar/durable-objects/zstd";
import { type BlockReader, DamagedContentError } from "@ashlar/server/content/pieces";
import { blockKey } from "@ashlar/server/blocks/store-block";
import { formOf, plainBytes } from "@ashlar/server/blocks/stored-form";
import { type StoredManifest, fetchManifest } from "@ashlar/server/namespace/manifest-store";
import { toHex } from "@ashlar/shared/encoding";
import type { UserId } from "@ashlar/shared/ids";
import type { BlockRef } from "@ashlar/shared/manifest";
import type { Context } from "hono";
import type { ApiEnv } from "../../http/identity.ts";
import { fillCache, findCached, type WholeObject } from "../object-cache.ts";

export function blockReader(c: Context<ApiEnv>): BlockReader {
  return {
    async block(user, block) {
      const key = blockKey(block.hash);
      const cached = c.env.EDGE_CACHE === "off" ? undefined : await findCached(user, key);
      const known = cached && (await plainOf(block, cached).catch(() => undefined));
      if (known !== undefined) return known.plain;
      const object = await c.env.BLOCKS.get(key);
      if (object === null) throw new DamagedContentError(`block ${block.hash} is missing`);
      const { plain, stored } = await plainOf(block, { body: object.body, storedBytes: object.size, form: formOf(object) });
      keep(c, user, key, { storedBytes: object.size, form: formOf(object) }, stored);
      return plain;
    },
    async packed(key, range) {
      const object = await c.env.BLOCKS.get(key, { range });
      if (object === null) throw new DamagedContentError(`${key} is missing`);
      return new Uint8Array(await object.arrayBuffer());
    },
  };
}

async function plainOf(
  { hash, size }: BlockRef,
  { body, form }: WholeObject,
): Promise<{ plain: Uint8Array; stored: Uint8Array<ArrayBuffer> }> {
  const stored = new Uint8Array(await new Response(body).arrayBuffer());
  const plain = decoded(stored);
  if (plain.length !== size || toHex(sha256(plain)) !== hash) throw new DamagedContentError(`block ${hash} is damaged`);
  return { plain, stored };

  function decoded(bytes: Uint8Array): Uint8Array {
    try {
      return plainBytes(unzstd, form, bytes);
    } catch (cause) {
      throw new DamagedContentError(`block ${hash} cannot be read`, { cause });
    }
  }
}

/** Behind the answer's back: no answer waits or fails for it. */
function keep(c: Context<ApiEnv>, user: UserId, key: string, what: Omit<WholeObject, "body">, bytes: Uint8Array<ArrayBuffer>): void {
  if (c.env.EDGE_CACHE === "off") return;
  const { body } = new Response(bytes);
  if (body === null) return;
  c.executionCtx.waitUntil(
    fillCache(user, key, { ...what, body }).catch((error: unknown) => console.warn("an object is not kept in the cache", error)),
  );
}

/** A long manifest is fetched for every range of its file, so it is kept as a block is. */
export async function readManifest(c: Context<ApiEnv>, user: UserId, stored: StoredManifest): Promise<string> {
  if (stored.manifestKey === null || c.env.EDGE_CACHE === "off") return fetchManifest(c.env.BLOCKS, stored);
  const cached = await findCached(user, stored.manifestKey);
  if (cached !== undefined) return new Response(cached.body).text();
  const manifest = await fetchManifest(c.env.BLOCKS, stored);
  const bytes = new Uint8Array(new TextEncoder().encode(manifest));
  keep(c, user, stored.manifestKey, { storedBytes: bytes.length, form: { encoding: "identity", size: bytes.length } }, bytes);
  return manifest;
}
