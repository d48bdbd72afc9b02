/** Tickets: what a visitor who has opened a share brings along. A ticket names the share by its token's hash, and no owner. */
import { hmacSha256 } from "@ashlar/durable-objects/crypto";
import { seal, unseal } from "@ashlar/server/content/sealed";
import { type FoundShare, findShare } from "@ashlar/server/shares/shares";
import { shareTicketMs } from "@ashlar/shared/limits";
import { ProblemError } from "@ashlar/shared/protocol/problem";
import { ticketHeader } from "@ashlar/shared/protocol/share";
import type { Context } from "hono";
import * as z from "zod/mini";
import { accountPorts } from "../../accounts/platform.ts";
import type { ApiEnv } from "../../http/identity.ts";
import { limitFor, visitorsOf } from "../../http/rate-limit.ts";

const ticketSchema = z.object({ share: z.string(), until: z.int() });
const kind = "ticket";

/** `now` and `ticketExpiresAt` in ms since 1970. */
export function newTicket(c: Context<ApiEnv>, share: FoundShare, now: number): { ticket: string; ticketExpiresAt: number } {
  const until = now + shareTicketMs;
  return { ticket: seal((message) => hmacSha256(c.env.URL_KEY, message), kind, { share: share.tokenHash, until }), ticketExpiresAt: until };
}

/** The share that the request's ticket opened, if it has not ended. */
export async function ticketShare(c: Context<ApiEnv>): Promise<FoundShare> {
  const ticket = unseal((message) => hmacSha256(c.env.URL_KEY, message), kind, c.req.header(ticketHeader) ?? "");
  if (ticket === undefined) throw new ProblemError("bad-signature", "Open the share first.");
  const { share: tokenHash, until } = ticketSchema.parse(ticket);
  if (until <= Date.now()) throw new ProblemError("url-expired", "Open the share again.");
  const share = await liveShare(c, tokenHash);
  await limitFor(c, "SESSION_LIMIT", visitorsOf(share.user));
  return share;
}

/** Throws a ProblemError `not-found` for a share that is not there, whatever the reason. */
export async function liveShare(c: Context<ApiEnv>, tokenHash: string): Promise<FoundShare> {
  const share = await findShare(accountPorts(c.env), tokenHash);
  if (share === undefined) throw new ProblemError("not-found");
  return share;
}
