/**
 * Immutable objects in the edge cache. Entries are keyed by the object alone, without user or signature, so that all devices near
 * a place share them: look here only for a request that has been authorised.
 */

/** Never asked over the network: only a name for the cache. */
const keyOrigin = "https://objects.ashlar.internal/";

const entryHeaders = { "content-type": "application/octet-stream", "cache-control": "public, max-age=31536000, immutable" };

/** The whole object, if this place has it. */
export async function findCached(key: string): Promise<{ body: ReadableStream; size: number } | undefined> {
  const found = await caches.default.match(keyOrigin + key);
  if (found?.body == null) return undefined;
  return { body: found.body, size: Number(found.headers.get("content-length")) };
}

export async function fillCache(key: string, body: ReadableStream, size: number): Promise<void> {
  await caches.default.put(keyOrigin + key, new Response(body, { headers: { ...entryHeaders, "content-length": String(size) } }));
}
