/** A Worker that does nothing: the yardstick of the server's benchmark. It has the object that the configuration names. */
import { DurableObject } from "cloudflare:workers";

export class UserSync extends DurableObject {}

// oxlint-disable-next-line import/no-default-export -- the platform asks for it
export default {
  fetch: () => new Response(null, { status: 204 }),
} satisfies ExportedHandler;
