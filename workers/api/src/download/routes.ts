/** The download room: signed, immutable objects, from the edge cache or the bucket. No database, no state. */
import { hmacSha256 } from "@ashlar/durable-objects/crypto";
import { unzstd } from "@ashlar/durable-objects/zstd";
import { deltaKey } from "@ashlar/server/blocks/kept-deltas";
import { packKey } from "@ashlar/server/blocks/packs";
import { createUrlSigner, type ObjectKind } from "@ashlar/server/blocks/signed-url";
import { blockKey } from "@ashlar/server/blocks/store-block";
import { formOf, plainBytes, type StoredForm } from "@ashlar/server/blocks/stored-form";
import { blockHashSchema, packIdSchema, type UserId } from "@ashlar/shared/ids";
import { acceptEncodingHeader, type BlockEncoding, encodingHeader } from "@ashlar/shared/protocol/block";
import { ProblemError } from "@ashlar/shared/protocol/problem";
import { type Context, Hono } from "hono";
import type { ApiEnv } from "../http/identity.ts";
import { pathPart } from "../http/path-part.ts";
import { listsTag, rangeAsked, unsatisfiable } from "./conditions.ts";
import { fillCache, findCached, type WholeObject } from "./object-cache.ts";
import { type Range, type Span, spanOf } from "./range.ts";

/** An address is made only of what rows know, so this is damage, or something collected an hour ago. */
const lost = "This content is missing at the edge. A device that still has the file can send it again.";

export const download = new Hono<ApiEnv>();

download.get("/v1/b/:key", (c) => serve(c, "b", pathPart(blockHashSchema, c.req.param("key"))));
download.get("/v1/p/:key", (c) => serve(c, "p", pathPart(packIdSchema, c.req.param("key"))));
download.get("/v1/d/:target/:base", (c) => {
  const [target, base] = [pathPart(blockHashSchema, c.req.param("target")), pathPart(blockHashSchema, c.req.param("base"))];
  return serve(c, "d", `${target}/${base}`);
});

const objectKeys: Record<ObjectKind, (user: UserId, name: string) => string> = {
  b: (_, name) => blockKey(name),
  p: packKey,
  d: deltaKey,
};

async function serve(c: Context<ApiEnv>, kind: ObjectKind, name: string): Promise<Response> {
  authorize(c, kind, name);
  const etag = `"${name}"`;
  const headers = new Headers({
    // Without a type the runtime's front would compress what is mostly incompressible.
    "content-type": "application/octet-stream",
    "cache-control": "private, immutable, max-age=31536000",
    "accept-ranges": "bytes",
    etag,
  });
  if (listsTag(c.req.header("if-none-match"), etag, `"${name}-zstd"`)) return new Response(null, { status: 304, headers });
  const key = objectKeys[kind](c.var.identity.user, name);
  const range = rangeAsked(c, etag);
  if (c.req.raw.method === "HEAD") return answerHead(c, key, headers);
  return range === undefined ? answerWhole(c, key, headers) : answerPart(c, key, range, headers);
}

/** The same refusal whether or not the object exists: a foreign address tells nothing. */
function authorize(c: Context<ApiEnv>, kind: ObjectKind, key: string): void {
  const signer = createUrlSigner((message) => hmacSha256(c.env.URL_KEY, message));
  const { e: expiry = "", s: signature = "" } = c.req.query();
  const verdict = signer.verify({ user: c.var.identity.user, kind, key, expiry, signature, now: Date.now() });
  if (verdict === "forged") throw new ProblemError("bad-signature");
  if (verdict === "expired") throw new ProblemError("url-expired");
}

async function answerHead(c: Context<ApiEnv>, key: string, headers: Headers): Promise<Response> {
  const object = await c.env.BLOCKS.head(key);
  if (object === null) throw new ProblemError("not-found", lost);
  const form = formOf(object);
  const bytes = asStored(c, form.encoding, headers) ? object.size : form.size;
  headers.set("content-length", String(bytes));
  return new Response(null, { headers });
}

async function answerWhole(c: Context<ApiEnv>, key: string, headers: Headers): Promise<Response> {
  const found = await findWhole(c, key);
  if (asStored(c, found.form.encoding, headers)) return whole(found.body, found.storedBytes, headers);
  const bytes = await plainOf(found);
  return whole(bytes, bytes.length, headers);
}

/** From the edge cache, else from the bucket and into the cache. */
async function findWhole(c: Context<ApiEnv>, key: string): Promise<WholeObject> {
  const isCaching = c.env.EDGE_CACHE !== "off";
  const cached = isCaching ? await findCached(c.var.identity.user, key) : undefined;
  if (cached !== undefined) return cached;
  const object = await c.env.BLOCKS.get(key);
  if (object === null) throw new ProblemError("not-found", lost);
  const found = { body: object.body, storedBytes: object.size, form: formOf(object) };
  if (!isCaching) return found;
  const [toClient, toCache] = object.body.tee();
  c.executionCtx.waitUntil(fillCache(c.var.identity.user, key, { ...found, body: toCache }));
  return { ...found, body: toClient };
}

/** Whether this reader takes the object as it is; what is compressed says so, and has a tag of its own (RFC 9110 section 8.8.1). */
function asStored(c: Context<ApiEnv>, encoding: BlockEncoding, headers: Headers): boolean {
  if (encoding === "identity") return true;
  headers.set("vary", acceptEncodingHeader);
  const accepted = (c.req.header(acceptEncodingHeader) ?? "").split(",").map((name) => name.trim());
  if (!accepted.includes(encoding)) return false;
  headers.set(encodingHeader, encoding);
  headers.set("etag", `${(headers.get("etag") ?? "").slice(0, -1)}-${encoding}"`);
  return true;
}

async function plainOf({ body, form }: WholeObject): Promise<Uint8Array<ArrayBuffer>> {
  const stored = new Uint8Array(await new Response(body).arrayBuffer());
  return new Uint8Array(plainBytes(unzstd, form, stored));
}

/** Ranges are always of the plain bytes. */
async function answerPart(c: Context<ApiEnv>, key: string, range: Range, headers: Headers): Promise<Response> {
  const cached = c.env.EDGE_CACHE === "off" ? undefined : await findCached(c.var.identity.user, key);
  const form = cached?.form ?? (await formInBucket(c, key));
  const span = spanOf(range, form.size);
  if (span === undefined) {
    await cached?.body.cancel();
    return unsatisfiable(form.size);
  }
  if (cached === undefined && form.encoding === "identity") {
    const object = await c.env.BLOCKS.get(key, { range: span });
    if (object === null) throw new ProblemError("not-found", lost);
    if (formOf(object).encoding === "identity") return part(object.body, span, form.size, headers);
    // Another uploader's form has taken its place since.
    await object.body.cancel();
  }
  const bytes = await plainOf(cached ?? (await findWhole(c, key)));
  return part(bytes.slice(span.offset, span.offset + span.length), span, form.size, headers);
}

async function formInBucket(c: Context<ApiEnv>, key: string): Promise<StoredForm> {
  const object = await c.env.BLOCKS.head(key);
  if (object === null) throw new ProblemError("not-found", lost);
  return formOf(object);
}

function whole(body: BodyInit, size: number, headers: Headers): Response {
  headers.set("content-length", String(size));
  return new Response(body, { headers });
}

function part(body: BodyInit, span: Span, size: number, headers: Headers): Response {
  headers.set("content-length", String(span.length));
  headers.set("content-range", `bytes ${span.offset}-${span.offset + span.length - 1}/${size}`);
  return new Response(body, { status: 206, headers });
}
