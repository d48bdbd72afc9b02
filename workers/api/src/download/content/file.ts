/** One version of a file as one stream of plain bytes, whole or a range of it. */
import { sha256 } from "@ashlar/durable-objects/crypto";
import { contentTypeOf } from "@ashlar/server/content/content-type";
import { dispositionOf } from "@ashlar/server/content/disposition";
import { contentTag, type FoundContent } from "@ashlar/server/content/find-content";
import { ManifestView } from "@ashlar/server/content/manifest-view";
import { DamagedContentError, piecesOf } from "@ashlar/server/content/pieces";
import { readAhead, ReadAheadMemory } from "@ashlar/server/content/read-ahead";
import type { UserId } from "@ashlar/shared/ids";
import { readAheadBlocksMax, readAheadBytesMax, readAheadMsMax, readAheadsBytesMax } from "@ashlar/shared/limits";
import type { ContentUse } from "@ashlar/shared/protocol/content";
import { ProblemError } from "@ashlar/shared/protocol/problem";
import type { Context } from "hono";
import { metaShard } from "../../env.ts";
import type { ApiEnv } from "../../http/identity.ts";
import { listsTag, rangeAsked, unsatisfiable } from "../conditions.ts";
import { type Span, spanOf } from "../range.ts";
import { blockReader, readManifest } from "./reader.ts";
import { streamOf } from "./stream.ts";

const memory = new ReadAheadMemory({ bytesMax: readAheadsBytesMax, msMax: readAheadMsMax, clock: { now: Date.now } });
export const readAheadOptions = { memory, bytesMax: readAheadBytesMax, piecesMax: readAheadBlocksMax };

/** Whose it is, and on which meta database. */
export type Owner = { readonly user: UserId; readonly shard: number };

/**
 * A page of the user's own making is never the app's: without scripts, forms or an origin, and with nothing but itself to load.
 * `private, no-cache`: it may be kept, and is asked for again, so that what has ended ends.
 */
const contentHeaders = {
  "content-security-policy":
    "sandbox; default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'self'; form-action 'none'",
  "x-frame-options": "SAMEORIGIN",
  "cache-control": "private, no-cache",
  "accept-ranges": "bytes",
};

export async function answerFile(c: Context<ApiEnv>, owner: Owner, found: FoundContent, use: ContentUse): Promise<Response> {
  const manifest = await readManifest(c, owner.user, found);
  const etag = contentTag(sha256, manifest);
  const headers = new Headers({
    ...contentHeaders,
    "content-type": contentTypeOf(found.name),
    "content-disposition": dispositionOf(use, found.name),
    "last-modified": new Date(Math.max(0, found.mtimeMs)).toUTCString(),
    etag,
  });
  if (listsTag(c.req.header("if-none-match"), etag)) return new Response(null, { status: 304, headers });
  const range = rangeAsked(c, etag);
  const span = range === undefined ? { offset: 0, length: found.size } : spanOf(range, found.size);
  if (span === undefined) return unsatisfiable(found.size);
  headers.set("content-length", String(span.length));
  if (range !== undefined) headers.set("content-range", `bytes ${span.offset}-${span.offset + span.length - 1}/${found.size}`);
  const status = range === undefined ? 200 : 206;
  if (c.req.raw.method === "HEAD" || span.length === 0) return new Response(null, { status, headers });
  return new Response(streamOf(await begun(spanBytes(c, owner, manifest, span)), span.length), { status, headers });
}

/** What the first read says comes as an answer of its own; later there is none to give but to break off. */
async function begun(parts: AsyncGenerator<Uint8Array, void, undefined>): Promise<AsyncGenerator<Uint8Array, void, undefined>> {
  try {
    const first = await parts.next();
    return (async function* () {
      if (first.done === true) return;
      yield first.value;
      yield* parts;
    })();
  } catch (error) {
    if (!(error instanceof DamagedContentError)) throw error;
    console.error(error);
    throw new ProblemError("not-found", "This content is damaged at the edge. A device that still has the file can send it again.", {
      cause: error,
    });
  }
}

async function* spanBytes(c: Context<ApiEnv>, owner: Owner, manifest: string, span: Span): AsyncGenerator<Uint8Array, void, undefined> {
  const view = new ManifestView(manifest);
  const { from, to, skip } = view.touching(span);
  const ports = { db: metaShard(c.env, owner.shard), reader: blockReader(c), sha256 };
  let start = skip;
  let left = span.length;
  for await (const blocks of readAhead(piecesOf(ports, owner.user, view.blocks(from, to)), readAheadOptions)) {
    for (const block of blocks) {
      const part = block.subarray(start, start + left);
      start = 0;
      left -= part.length;
      yield part;
    }
  }
}
