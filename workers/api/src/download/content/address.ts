/**
 * Signed addresses of whole files, `/v1/c/GRANT`, and of archives, `/v1/z/GRANT`. The grant says everything: whose, which node and
 * version, shown or saved, until when, and on whose word. A device's ends when the device is signed out, a share's with the share.
 */
import { hmacSha256 } from "@ashlar/durable-objects/crypto";
import { expiresAt } from "@ashlar/server/blocks/signed-url";
import { seal, unseal } from "@ashlar/server/content/sealed";
import { deviceIdSchema, type NodeId, nodeIdSchema, userIdSchema } from "@ashlar/shared/ids";
import { contentUseSchema, type SignedAddress } from "@ashlar/shared/protocol/content";
import { ProblemError } from "@ashlar/shared/protocol/problem";
import * as z from "zod/mini";
import type { Env } from "../../env.ts";

/** Who let the holder in. A share is named by its token's hash: nothing in the address tells whose it is. */
const grantorSchema = z.union([
  z.object({ user: userIdSchema, shard: z.int(), device: deviceIdSchema }),
  z.object({ share: z.string().check(z.regex(/^[0-9a-f]{64}$/)) }),
]);
export type Grantor = z.infer<typeof grantorSchema>;

const contentGrantSchema = z.object({
  by: grantorSchema,
  node: nodeIdSchema,
  version: z.int(),
  as: contentUseSchema,
  until: z.int(),
});
export type ContentGrant = z.infer<typeof contentGrantSchema>;

const idChars = 22;
/** The ids one behind the other: an address has no room for more. */
const archiveGrantSchema = z.object({ by: grantorSchema, nodes: z.string(), until: z.int() });
export type ArchiveGrant = { readonly by: Grantor; readonly nodes: readonly NodeId[] };

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
    archive: ({ by, nodes }: ArchiveGrant, now: number): SignedAddress => address("z", { by, nodes: nodes.join("") }, now),
    /** Throws a ProblemError `bad-signature` or `url-expired`. */
    openContent: (text: string, now: number): ContentGrant => open(contentGrantSchema, "c", text, now),
    openArchive(text: string, now: number): ArchiveGrant {
      const { by, nodes } = open(archiveGrantSchema, "z", text, now);
      const ids = Array.from({ length: nodes.length / idChars }, (_, index) => nodes.slice(index * idChars, (index + 1) * idChars));
      return { by, nodes: ids.map((id) => nodeIdSchema.parse(id)) };
    },
  };
}
