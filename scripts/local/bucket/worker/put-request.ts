/** What workerd's R2 binding asks of a bucket to put one object, and the refusals that Miniflare has for it, word for word. */
import { Buffer } from "node:buffer";
import * as z from "zod/mini";

const keyBytesMax = 1024;
const metadataBytesMax = 8192;

const hex = z.string().check(z.regex(/^([0-9a-f]{2})+$/));

/** Strict: whatever else the binding may ask (a condition, a part of an upload) is not for us to answer. */
const putSchema = z.strictObject({
  version: z.optional(z.number()),
  method: z.literal("put"),
  object: z.string(),
  customFields: z.optional(z.array(z.strictObject({ k: z.string(), v: z.string() }))),
  httpFields: z.optional(
    z.strictObject({
      contentType: z.optional(z.string()),
      contentLanguage: z.optional(z.string()),
      contentDisposition: z.optional(z.string()),
      contentEncoding: z.optional(z.string()),
      cacheControl: z.optional(z.string()),
    }),
  ),
  sha256: z.optional(hex),
});

export type Put = {
  readonly key: string;
  readonly customMetadata: Readonly<Record<string, string>>;
  readonly httpMetadata: Readonly<Record<string, string | undefined>>;
  readonly sha256: string | undefined;
};

/** Undefined for any other request. */
export function parsePut(metadata: Uint8Array): Put | undefined {
  const { success, data } = putSchema.safeParse(JSON.parse(new TextDecoder().decode(metadata)));
  if (!success) return undefined;
  return {
    key: data.object,
    customMetadata: Object.fromEntries((data.customFields ?? []).map(({ k, v }) => [k, v])),
    httpMetadata: data.httpFields ?? {},
    sha256: data.sha256,
  };
}

export type Refusal = { readonly status: number; readonly v4code: number; readonly message: string };

/** @param sha256 of the bytes that came. */
export function refusalOf({ key, customMetadata, sha256: wanted }: Put, sha256: string | undefined): Refusal | undefined {
  if (Buffer.byteLength(key) > keyBytesMax) return { status: 400, v4code: 10020, message: "The specified object name is not valid." };
  if (metadataLength(customMetadata) > metadataBytesMax)
    return { status: 400, v4code: 10012, message: "Your metadata headers exceed the maximum allowed metadata size." };
  if (wanted === sha256) return undefined;
  const lines = [
    "The SHA-256 checksum you specified did not match what we received.",
    `You provided a SHA-256 checksum with value: ${wanted}`,
    `Actual SHA-256 was: ${sha256}`,
  ];
  return { status: 400, v4code: 10037, message: lines.join("\n") };
}

function metadataLength(metadata: Readonly<Record<string, string>>): number {
  return Object.entries(metadata).reduce((sum, [name, value]) => sum + lengthOf(name) + lengthOf(value), 0);
}

/** As R2 counts it: a text with a character beyond Latin-1 has two bytes for each of its characters. */
const lengthOf = (text: string): number => (/[^\0-\xff]/.test(text) ? text.length * 2 : text.length);
