/** The download room: signed, immutable objects, from the edge cache or the bucket. No database, no state. */
import { hmacSha256 } from "@ashlar/durable-objects/crypto";
import { packKey } from "@ashlar/server/blocks/packs";
import { createUrlSigner, type ObjectKind } from "@ashlar/server/blocks/signed-url";
import { blockKey } from "@ashlar/server/blocks/store-block";
import { blockHashSchema, packIdSchema } from "@ashlar/shared/ids";
import { ProblemError } from "@ashlar/shared/protocol/problem";
import { type Context, Hono } from "hono";
import type { ApiEnv } from "../http/identity.ts";
import { pathPart } from "../http/path-part.ts";
import { problemResponse } from "../http/problems.ts";
import { fillCache, findCached } from "./object-cache.ts";
import { parseRange, type Range, type Span, spanOf } from "./range.ts";

/** An address is made only of what rows know, so this is damage, or something collected an hour ago. */
const lost = "This content is missing at the edge. A device that still has the file can send it again.";

export const download = new Hono<ApiEnv>();

download.get("/v1/b/:key", (c) => serve(c, "b", pathPart(blockHashSchema, c.req.param("key"))));
download.get("/v1/p/:key", (c) => serve(c, "p", pathPart(packIdSchema, c.req.param("key"))));

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
  if (listsTag(c.req.header("if-none-match"), etag)) return new Response(null, { status: 304, headers });
  const key = kind === "b" ? blockKey(name) : packKey(c.var.identity.user, name);
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
  headers.set("content-length", String(object.size));
  return new Response(null, { headers });
}

async function answerWhole(c: Context<ApiEnv>, key: string, headers: Headers): Promise<Response> {
  const isCaching = c.env.EDGE_CACHE !== "off";
  const cached = isCaching ? await findCached(key) : undefined;
  if (cached !== undefined) return whole(cached.body, cached.size, headers);
  const object = await c.env.BLOCKS.get(key);
  if (object === null) throw new ProblemError("not-found", lost);
  if (!isCaching) return whole(object.body, object.size, headers);
  const [toClient, toCache] = object.body.tee();
  c.executionCtx.waitUntil(fillCache(key, toCache, object.size));
  return whole(toClient, object.size, headers);
}

async function answerPart(c: Context<ApiEnv>, key: string, range: Range, headers: Headers): Promise<Response> {
  const cached = c.env.EDGE_CACHE === "off" ? undefined : await findCached(key);
  if (cached !== undefined) {
    const span = spanOf(range, cached.size);
    if (span === undefined) return unsatisfiable(cached.size);
    const bytes = await new Response(cached.body).arrayBuffer();
    return part(bytes.slice(span.offset, span.offset + span.length), span, cached.size, headers);
  }
  const size = (await c.env.BLOCKS.head(key))?.size;
  if (size === undefined) throw new ProblemError("not-found", lost);
  const span = spanOf(range, size);
  if (span === undefined) return unsatisfiable(size);
  const object = await c.env.BLOCKS.get(key, { range: span });
  if (object === null) throw new ProblemError("not-found", lost);
  return part(object.body, span, size, headers);
}

function whole(body: ReadableStream, size: number, headers: Headers): Response {
  headers.set("content-length", String(size));
  return new Response(body, { headers });
}

function part(body: BodyInit, span: Span, size: number, headers: Headers): Response {
  headers.set("content-length", String(span.length));
  headers.set("content-range", `bytes ${span.offset}-${span.offset + span.length - 1}/${size}`);
  return new Response(body, { status: 206, headers });
}

function unsatisfiable(size: number): Response {
  const response = problemResponse(new ProblemError("range-not-satisfiable"));
  response.headers.set("content-range", `bytes */${size}`);
  return response;
}

/** A range of another state of the object is not wanted: there is only one state. */
function rangeAsked(c: Context<ApiEnv>, etag: string): Range | undefined {
  const condition = c.req.header("if-range");
  return condition === undefined || condition === etag ? parseRange(c.req.header("range")) : undefined;
}

/** RFC 9110 section 13.1.2: weak comparison. */
function listsTag(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false;
  const tags = new Set(header.split(",").map((tag) => tag.trim().replace(/^W\//, "")));
  return tags.has(etag) || tags.has("*");
}
