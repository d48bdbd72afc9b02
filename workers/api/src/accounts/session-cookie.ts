/**
 * A browser's refresh token, in a cookie: no script can read it, and no other site can have it sent (RFC 6265bis). Over https its name
 * has the prefix by which browsers take it from this very host alone.
 */
import { refreshTokenMs } from "@ashlar/shared/limits";
import { ProblemError } from "@ashlar/shared/protocol/problem";
import type { Context } from "hono";
import { generateCookie, getCookie } from "hono/cookie";
import type { ApiEnv } from "../http/identity.ts";

type Named = { readonly name: string; readonly prefix?: "host"; readonly path: string };

export type SessionCookie = {
  /** The token that came with the request, if one did. */
  readonly token: string | undefined;
  /** The value of a Set-Cookie header that keeps the token; without one, of one that forgets it. */
  keeping(token: string | undefined): string;
};

/**
 * The cookie of a request that a page of this very origin made; any other request is refused with `forbidden`, so that no other site
 * can sign a person in, out, or have anything done with the cookie.
 */
export function sessionCookie(c: Context<ApiEnv>): SessionCookie {
  const origin = ownOrigin(c);
  const { name, prefix, path } = named(origin);
  const token = getCookie(c, name, prefix);
  const options = { ...(prefix !== undefined && { prefix }), path, httpOnly: true, sameSite: "Strict" } as const;
  return {
    token: token === "" ? undefined : token,
    keeping: (kept) => generateCookie(name, kept ?? "", { ...options, maxAge: kept === undefined ? 0 : refreshTokenMs / 1000 }),
  };
}

/**
 * Browsers send Origin with every request that changes something, and Sec-Fetch-Site unless the page came over plain http from
 * elsewhere than this machine; no script can set either. Behind a proxy that ends TLS, and perhaps names another host, only they know.
 */
function ownOrigin(c: Context<ApiEnv>): URL {
  const origin = URL.parse(c.req.header("origin") ?? "");
  const site = c.req.header("sec-fetch-site");
  const isOwn = site === undefined ? origin?.host === new URL(c.req.url).host : site === "same-origin";
  if (origin === null || !isOwn) throw new ProblemError("forbidden", "A session in a cookie is for pages of this server alone.");
  return origin;
}

/** Cookies over http know no ports: two servers on one machine would take each other's, and other programs there see all with path `/`. */
function named({ protocol, port }: URL): Named {
  return protocol === "https:"
    ? { name: "ashlar-session", prefix: "host", path: "/" }
    : { name: `ashlar-session-${port || "80"}`, path: "/v1" };
}
