import { socketTokenPrefix } from "@ashlar/shared/protocol/change";
import { ProblemError } from "@ashlar/shared/protocol/problem";
import { createMiddleware } from "hono/factory";
import type { Env } from "../env.ts";
import { type Bearer, verifyAccessToken } from "./access-token.ts";

/** What every route's context has; `identity` only behind {@link requireIdentity}. */
export type ApiEnv = { Bindings: Env; Variables: { identity: Bearer } };

/** Lets only requests with a good access token pass, and puts who asks into the context. */
export const requireIdentity = createMiddleware<ApiEnv>(async (c, next) => {
  const token = bearerToken(c.req.raw.headers) ?? socketToken(c.req.raw.headers);
  if (token === undefined) throw new ProblemError("unauthenticated");
  c.set("identity", await verifyAccessToken(c.env.TOKEN_KEY, token));
  await next();
});

/** RFC 6750 section 2.1. */
function bearerToken(headers: Headers): string | undefined {
  return /^bearer +([\w.~+/=-]+)$/i.exec(headers.get("authorization") ?? "")?.[1];
}

/** A browser cannot set headers on a socket: there the token is one of the subprotocols it offers. */
function socketToken(headers: Headers): string | undefined {
  if (headers.get("upgrade")?.toLowerCase() !== "websocket") return undefined;
  const offered = (headers.get("sec-websocket-protocol") ?? "").split(",").map((protocol) => protocol.trim());
  return offered.find((protocol) => protocol.startsWith(socketTokenPrefix))?.slice(socketTokenPrefix.length);
}
