/** `PUT /v1/blocks/:hash`: a whole block, as it is or compressed. */
import { sha256 } from "@ashlar/durable-objects/crypto";
import { unzstd } from "@ashlar/durable-objects/zstd";
import { decodeZstd, zstdContentBytes } from "@ashlar/server/blocks/zstd-frame";
import { toHex } from "@ashlar/shared/encoding";
import { blockHashSchema } from "@ashlar/shared/ids";
import { blockBytesMax, packBlockBytesMax } from "@ashlar/shared/limits";
import { blockEncodingSchema, encodingHeader } from "@ashlar/shared/protocol/block";
import { ProblemError } from "@ashlar/shared/protocol/problem";
import { Hono } from "hono";
import { readBytes } from "../http/body.ts";
import type { ApiEnv } from "../http/identity.ts";
import { pathPart } from "../http/path-part.ts";
import { storeLarge, storeSmall } from "./store.ts";

export const put = new Hono<ApiEnv>();

put.put("/v1/blocks/:hash", async (c) => {
  const hash = pathPart(blockHashSchema, c.req.param("hash"));
  const encoding = blockEncodingSchema.safeParse(c.req.header(encodingHeader) ?? "identity");
  if (!encoding.success) throw new ProblemError("bad-request", `${encodingHeader} is one of ${blockEncodingSchema.options.join(", ")}.`);
  const body = await readBytes(c.req.raw, blockBytesMax);
  if (body.length === 0) throw new ProblemError("bad-request", "A block has at least 1 byte.");
  const bytes = encoding.data === "zstd" ? decompress(body) : body;
  if (toHex(sha256(bytes)) !== hash) throw new ProblemError("hash-mismatch");
  const block = { hash, size: bytes.length };
  if (block.size <= packBlockBytesMax) await storeSmall(c.env, c.var.identity, block, bytes);
  else await storeLarge(c.env, c.var.identity, block, bytes, body.length);
  // The same answer whether the bytes were there before or not: somebody else may have sent them.
  return c.body(null, 204);
});

function decompress(frame: Uint8Array): Uint8Array {
  try {
    const declared = zstdContentBytes(frame);
    if (declared > blockBytesMax) throw new ProblemError("too-large", `A block has ${blockBytesMax} bytes at most, this one ${declared}.`);
    return decodeZstd(unzstd, frame, blockBytesMax);
  } catch (cause) {
    if (cause instanceof RangeError) throw new ProblemError("bad-request", `The body cannot be stored: ${cause.message}.`, { cause });
    throw cause;
  }
}
