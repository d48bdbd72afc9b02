/**
 * The local edge's bucket: Miniflare's own, but that objects of ordinary size are stored in one piece. Miniflare's hands each
 * 4 KiB of a body through a JavaScript stream, which takes most of an upload's time. What is on the disk is the same.
 */
import { toHex } from "@ashlar/shared/encoding";
import { R2BucketObject as MiniflareBucket } from "miniflare-bucket";
import { Buffer } from "node:buffer";
import { parsePut, refusalOf, type Put, type Refusal } from "./put-request.ts";

/** Held in memory, of each upload under way. Ours are below it; a longer one goes Miniflare's way. */
const wholeBytesMax = 32 * 1024 * 1024;

const metadataSize = "cf-r2-metadata-size";

export class R2BucketObject extends MiniflareBucket {
  constructor(state: DurableObjectState, env: unknown) {
    super(state, env);
    const inPieces = this.put;
    this.put = (request) => this.#put(request, inPieces);
  }

  async #put(request: Request, inPieces: MiniflareBucket["put"]): Promise<Response> {
    const size = Number(request.headers.get("content-length") ?? Number.NaN);
    const prefix = Number(request.headers.get(metadataSize) ?? Number.NaN);
    if (!(prefix <= size && size <= wholeBytesMax)) return inPieces(request);
    const bytes = new Uint8Array(await request.arrayBuffer());
    const put = parsePut(bytes.subarray(0, prefix));
    const answer = put === undefined ? undefined : await this.#putWhole(put, bytes.subarray(prefix));
    return answer ?? inPieces(new Request(request.url, { method: request.method, headers: request.headers, body: bytes }));
  }

  /** Undefined if in the object's place is one that came in parts, which only Miniflare knows how to replace. */
  async #putWhole(put: Put, value: Uint8Array): Promise<Response | undefined> {
    const [md5, sha256] = await Promise.all([digest("MD5", value), put.sha256 === undefined ? undefined : digest("SHA-256", value)]);
    const refusal = refusalOf(put, sha256);
    if (refusal !== undefined) return refused(refusal);
    // First the blob, then its row: whatever a row names is there.
    const row = { ...put, blob: await this.blob.put(value), version: randomHex(16), size: value.length, etag: md5, uploaded: Date.now() };
    let old: string | null | undefined;
    try {
      old = this.#replace(row);
    } catch (error) {
      this.state.waitUntil(this.blob.delete(row.blob));
      throw error;
    }
    if (old !== undefined) this.state.waitUntil(this.blob.delete(old ?? row.blob));
    return old === null ? undefined : encode(row);
  }

  /** What blob stood there before, if any; null, and nothing is replaced, if that was in parts. */
  #replace({ key, blob, version, size, etag, uploaded, sha256, httpMetadata, customMetadata }: Row): string | null | undefined {
    const { sql } = this.state.storage;
    const [previous] = sql.exec<{ blob_id: string | null }>("SELECT blob_id FROM _mf_objects WHERE key = ?", key);
    if (previous?.blob_id === null) return null;
    const checksums = JSON.stringify({ sha256 });
    const metadata = [JSON.stringify(httpMetadata), JSON.stringify(customMetadata)];
    sql.exec(putSql, key, blob, version, size, etag, uploaded, checksums, ...metadata);
    return previous?.blob_id;
  }
}

type Row = Put & {
  readonly blob: string;
  readonly version: string;
  readonly size: number;
  readonly etag: string;
  readonly uploaded: number;
};

const putSql = `
  INSERT OR REPLACE INTO _mf_objects (key, blob_id, version, size, etag, uploaded, checksums, http_metadata, custom_metadata)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`;

async function digest(algorithm: "MD5" | "SHA-256", bytes: Uint8Array): Promise<string> {
  return toHex(new Uint8Array(await crypto.subtle.digest(algorithm, bytes)));
}

const randomHex = (bytes: number): string => toHex(crypto.getRandomValues(new Uint8Array(bytes)));

function encode({ key, version, size, etag, uploaded, sha256, httpMetadata, customMetadata }: Row): Response {
  const text = JSON.stringify({
    name: key,
    version,
    size,
    etag,
    uploaded,
    httpFields: httpMetadata,
    customFields: Object.entries(customMetadata).map(([k, v]) => ({ k, v })),
    checksums: { 0: etag, 2: sha256 },
  });
  return new Response(text, { headers: { [metadataSize]: String(Buffer.byteLength(text)), "content-type": "application/json" } });
}

function refused({ status, v4code, message }: Refusal): Response {
  return new Response(null, { status, headers: { "cf-r2-error": JSON.stringify({ version: 1, v4code, message }) } });
}
