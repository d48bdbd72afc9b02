/** Makes the calls of a bucket that it is told, one after the other, and tells what came of each. */
import { toHex } from "@ashlar/shared/encoding";
import { bytesOf, type Answer, type Call, type Value } from "../bucket/calls.ts";

type Env = { readonly BUCKET: R2Bucket };

export default {
  async fetch(request, { BUCKET: bucket }) {
    const answers: Answer[] = [];
    for (const call of await request.json<Call[]>()) {
      const answer = await make(bucket, call).catch((error: unknown) => ({ error: String(error) }));
      answers.push(answer ?? null);
    }
    return Response.json(answers);
  },
} satisfies ExportedHandler<Env>;

async function make(bucket: R2Bucket, call: Call): Promise<Answer> {
  switch (call.method) {
    case "put":
      return describe(await bucket.put(call.key, call.streamed === true ? stream(call.value) : bytesOf(call.value), call.options));
    case "get":
      return describe(await bucket.get(call.key, call.options));
    case "head":
      return describe(await bucket.head(call.key));
    case "delete":
      return await bucket.delete(call.keys);
    case "list":
      return describeList(await bucket.list(call.options));
    case "pages":
      return await pages(bucket, call.options);
    case "parts":
      return await inParts(bucket, call);
    case "race":
      return await race(bucket, call);
  }
}

function stream(value: Value): ReadableStream {
  const { readable, writable } = new FixedLengthStream(value.size);
  const writer = writable.getWriter();
  // A fault shows in the reader.
  void writer
    .write(bytesOf(value))
    .then(() => writer.close())
    .catch(() => undefined);
  return readable;
}

async function describe(object: R2Object | R2ObjectBody | null): Promise<Answer> {
  if (object === null) return null;
  const { key, size, etag, httpEtag, version, uploaded, httpMetadata, customMetadata, range, checksums, storageClass } = object;
  const known = { key, size, etag, httpEtag, httpMetadata, customMetadata, range, checksums: checksums.toJSON(), storageClass };
  const own = { version: /^[0-9a-f]{32}$/.test(version), uploaded: Math.abs(Date.now() - uploaded.getTime()) < 3_600_000 };
  if (!("body" in object)) return { ...known, ...own };
  const body = await object.arrayBuffer();
  return { ...known, ...own, length: body.byteLength, body: await digest(body) };
}

async function digest(bytes: ArrayBuffer): Promise<string> {
  return toHex(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)));
}

async function describeList({ objects, truncated, delimitedPrefixes, ...rest }: R2Objects): Promise<Answer> {
  const cursor = "cursor" in rest ? rest.cursor : undefined;
  return { objects: await Promise.all(objects.map(describe)), truncated, delimitedPrefixes, cursor };
}

async function pages(bucket: R2Bucket, options: R2ListOptions = {}): Promise<Answer> {
  const found: Answer[] = [];
  let cursor: string | undefined;
  do {
    const page = await bucket.list(cursor === undefined ? options : { ...options, cursor });
    found.push(await describeList(page));
    cursor = page.truncated ? page.cursor : undefined;
  } while (cursor !== undefined);
  return found;
}

async function inParts(bucket: R2Bucket, { key, values }: Extract<Call, { method: "parts" }>): Promise<Answer> {
  const upload = await bucket.createMultipartUpload(key);
  const parts = await Promise.all(values.map((value, index) => upload.uploadPart(index + 1, bytesOf(value))));
  return describe(await upload.complete(parts));
}

/** The bodies that are no put's value. */
async function race(bucket: R2Bucket, { key, puts, gets }: Extract<Call, { method: "race" }>): Promise<Answer> {
  await bucket.put(key, racer(0));
  const putting = Array.from({ length: puts }, async (_, put) => void (await bucket.put(key, racer(put))));
  const getting = Array.from({ length: gets }, async () => {
    // Between the puts, not all before them.
    await bucket.head(key);
    const object = await bucket.get(key);
    const bytes = new Uint8Array((await object?.arrayBuffer()) ?? []);
    const put = bytes[0] ?? -1;
    return bytes.length === 100_000 + put && bytes.every((byte) => byte === put) ? [] : [{ length: bytes.length, put }];
  });
  const [faults] = await Promise.all([Promise.all(getting), Promise.all(putting)]);
  return faults.flat();
}

const racer = (put: number): Uint8Array => new Uint8Array(100_000 + put).fill(put);
