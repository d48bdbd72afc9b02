/**
 * Signed addresses of whole files, `/v1/c/GRANT`. The grant says everything: whose, which node and
 * version, shown or saved, until when, and on whose word. It ends when the device is signed out.
 */
import { deviceIdSchema, nodeIdSchema, userIdSchema } from "@ashlar/shared/ids";
import { contentUseSchema, type SignedAddress } from "@ashlar/shared/protocol/content";
import { ProblemError } from "@ashlar/shared/protocol/problem";
import { hmacSha256 } from "@ashlar/durable-objects/crypto";
import { expiresAt } from "@ashlar/server/blocks/signed-url";
import { seal, unseal } from "@ashlar/server/content/sealed";
import type { Env } from "../../env.ts";
import * as z from "zod/mini";

/** Who let the holder in. */
const deviceGrantorSchema = z.object({ user: userIdSchema, shard: z.int(), device: deviceIdSchema });
export type DeviceGrantor = z.infer<typeof deviceGrantorSchema>;

const contentGrantSchema = z.object({
  by: deviceGrantorSchema,
  node: nodeIdSchema,
  version: z.int(),
  as: contentUseSchema,
  until: z.int(),
});
export type ContentGrant = z.infer<typeof contentGrantSchema>;

/** All times in ms since 1970. */
export function addressSigner({ URL_KEY }: Pick<Env, "URL_KEY">) {
  const mac = (message: string) => hmacSha256(URL_KEY, message);

  function address(room: "c" | "z", grant: object, now: number): SignedAddress {
    const until = expiresAt(now);
    return { url: `/v1/${room}/${seal(mac, room, { ...grant, until })}`, expiresAt: until };
  }

  /** Expired is said only of what was good once, so that a forger learns nothing. */
  function open<Grant extends { readonly until: number }>(schema: z.ZodMiniType<Grant>, room: "c" | "z", text: string, now: number): Grant {
    const sealed = unseal(mac, room, text);
    if (sealed === undefined) throw new ProblemError("bad-signature");
    const grant = z.parse(schema, sealed);
    if (grant.until <= now) throw new ProblemError("url-expired");
    return grant;
  }

  return {
    content: (grant: Omit<ContentGrant, "until">, now: number): SignedAddress => address("c", grant, now),
    /** Throws a ProblemError `bad-signature` or `url-expired`. */
    openContent: (text: string, now: number): ContentGrant => open(contentGrantSchema, "c", text, now),
  };
}
