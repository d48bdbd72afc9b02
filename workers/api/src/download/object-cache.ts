/**
 * Immutable objects in the edge cache, in the form in which they are stored. Entries are a user's own, shared by his devices near a
 * place: an entry that another user had left would tell by its speed, and by its form, that he has the block (decision 33). They
 * are without a signature: look here only for a request that has been authorised.
 */
import type { StoredForm } from "@ashlar/server/blocks/stored-form";
import type { UserId } from "@ashlar/shared/ids";
import { encodingHeader } from "@ashlar/shared/protocol/block";

/** Never asked over the network: only a name for the cache. */
const keyOrigin = "https://objects.ashlar.internal/";

const entryHeaders = { "content-type": "application/octet-stream", "cache-control": "public, max-age=31536000, immutable" };
/** Of the plain content, when that is not what is stored. */
const plainBytesHeader = "ashlar-plain-bytes";

/** A whole object as stored: `storedBytes` of it, in that form. */
export type WholeObject = { readonly body: ReadableStream; readonly storedBytes: number; readonly form: StoredForm };

const nameOf = (user: UserId, key: string): string => `${keyOrigin}${user}/${key}`;

/** The whole object, if this place has it for that user. */
export async function findCached(user: UserId, key: string): Promise<WholeObject | undefined> {
  const found = await caches.default.match(nameOf(user, key));
  if (found?.body == null) return undefined;
  const storedBytes = Number(found.headers.get("content-length"));
  const form: StoredForm =
    found.headers.get(encodingHeader) === "zstd"
      ? { encoding: "zstd", size: Number(found.headers.get(plainBytesHeader)) }
      : { encoding: "identity", size: storedBytes };
  return { body: found.body, storedBytes, form };
}

export async function fillCache(user: UserId, key: string, { body, storedBytes, form }: WholeObject): Promise<void> {
  const headers = new Headers({ ...entryHeaders, "content-length": String(storedBytes) });
  if (form.encoding !== "identity") {
    headers.set(encodingHeader, form.encoding);
    headers.set(plainBytesHeader, String(form.size));
  }
  await caches.default.put(nameOf(user, key), new Response(body, { headers }));
}
