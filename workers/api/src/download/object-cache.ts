/**
 * Immutable objects in the edge cache, in the form in which they are stored. Entries are keyed by the object alone, without user or
 * signature, so that all devices near a place share them: look here only for a request that has been authorised.
 */
import type { StoredForm } from "@ashlar/server/blocks/stored-form";
import { encodingHeader } from "@ashlar/shared/protocol/block";

/** Never asked over the network: only a name for the cache. */
const keyOrigin = "https://objects.ashlar.internal/";

const entryHeaders = { "content-type": "application/octet-stream", "cache-control": "public, max-age=31536000, immutable" };
/** Of the plain content, when that is not what is stored. */
const plainBytesHeader = "ashlar-plain-bytes";

/** A whole object as stored: `storedBytes` of it, in that form. */
export type WholeObject = { readonly body: ReadableStream; readonly storedBytes: number; readonly form: StoredForm };

/** The whole object, if this place has it. */
export async function findCached(key: string): Promise<WholeObject | undefined> {
  const found = await caches.default.match(keyOrigin + key);
  if (found?.body == null) return undefined;
  const storedBytes = Number(found.headers.get("content-length"));
  const form: StoredForm =
    found.headers.get(encodingHeader) === "zstd"
      ? { encoding: "zstd", size: Number(found.headers.get(plainBytesHeader)) }
      : { encoding: "identity", size: storedBytes };
  return { body: found.body, storedBytes, form };
}

export async function fillCache(key: string, { body, storedBytes, form }: WholeObject): Promise<void> {
  const headers = new Headers({ ...entryHeaders, "content-length": String(storedBytes) });
  if (form.encoding !== "identity") {
    headers.set(encodingHeader, form.encoding);
    headers.set(plainBytesHeader, String(form.size));
  }
  await caches.default.put(keyOrigin + key, new Response(body, { headers }));
}
