/** Folders as one ZIP, made while it is sent. Its length is known beforehand, since nothing in it is compressed anew. */
import { sha256 } from "@ashlar/durable-objects/crypto";
import { archivePieces } from "@ashlar/server/content/archive-pieces";
import type { ArchiveEntry, ArchivePlan } from "@ashlar/server/content/archive-plan";
import { dispositionOf } from "@ashlar/server/content/disposition";
import { readAhead } from "@ashlar/server/content/read-ahead";
import { makeZip, predictLength } from "client-zip";
import type { Context } from "hono";
import { metaShard } from "../../env.ts";
import type { ApiEnv } from "../../http/identity.ts";
import { type Owner, readAheadOptions } from "./file.ts";
import { blockReader, readManifest } from "./reader.ts";
import { streamOf } from "./stream.ts";

/** Headers of entries are a few bytes each: they are sent together with what follows. */
const chunkBytes = 64 * 1024;
/** The times that a ZIP can say, in ms since 1970. */
const [firstMs, lastMs] = [Date.UTC(1980, 0, 2), Date.UTC(2107, 11, 30)];

export function answerArchive(c: Context<ApiEnv>, owner: Owner, { name, entries }: ArchivePlan): Response {
  const length = Number(predictLength(entries.map((entry) => describe(entry))));
  const headers = new Headers({
    "content-type": "application/zip",
    "content-disposition": dispositionOf("download", name),
    "content-length": String(length),
    "accept-ranges": "none",
  });
  if (c.req.raw.method === "HEAD") return new Response(null, { headers });
  return new Response(streamOf(zipOf(c, owner, entries), length), { headers });
}

function describe({ path, mtimeMs, mode, file }: ArchiveEntry) {
  const lastModified = new Date(Math.min(Math.max(mtimeMs, firstMs), lastMs));
  // Rights are kept, and what would give another's is not.
  const common = { name: path, lastModified, mode: mode & 0o777 };
  return file === undefined ? { ...common, name: `${path}/` } : { ...common, size: file.size };
}

async function* zipOf(c: Context<ApiEnv>, owner: Owner, entries: readonly ArchiveEntry[]): AsyncGenerator<Uint8Array, void, undefined> {
  const ports = {
    db: metaShard(c.env, owner.shard),
    reader: blockReader(c),
    sha256,
    manifest: (stored: Parameters<typeof readManifest>[2]) => readManifest(c, owner.user, stored),
  };
  const files = entries.flatMap(({ file }) => file ?? []);
  const blocks = flat(readAhead(archivePieces(ports, owner.user, files), readAheadOptions));
  const inputs = entries.map((entry) =>
    entry.file === undefined ? describe(entry) : { ...describe(entry), input: take(blocks, entry.file.size) },
  );
  try {
    yield* gathered(makeZip(inputs));
  } finally {
    await blocks.return();
  }
}

async function* flat(runs: AsyncIterable<readonly Uint8Array[]>): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const run of runs) yield* run;
}

/** The next blocks, which are one file. The rest of the blocks stay for the next one. */
async function* take(blocks: AsyncGenerator<Uint8Array, void, undefined>, size: number): AsyncGenerator<Uint8Array, void, undefined> {
  for (let left = size; left > 0;) {
    const block = await blocks.next();
    if (block.done === true) throw new RangeError("the blocks end before the file does");
    left -= block.value.length;
    yield block.value;
  }
}

async function* gathered(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  let buffer = new Uint8Array(chunkBytes);
  let used = 0;
  for await (const chunk of chunks) {
    if (used + chunk.length > chunkBytes && used > 0) {
      yield buffer.subarray(0, used);
      buffer = new Uint8Array(chunkBytes);
      used = 0;
    }
    if (chunk.length >= chunkBytes) yield chunk;
    else {
      buffer.set(chunk, used);
      used += chunk.length;
    }
  }
  if (used > 0) yield buffer.subarray(0, used);
}
