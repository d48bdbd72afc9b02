/** What holds for every answer, whatever the route: headers, versions, and bodies that nobody read. */
import { ProblemError } from "@ashlar/shared/protocol/problem";
import { protocolVersion, protocolVersionMin, versionHeader } from "@ashlar/shared/protocol/version";
import { createMiddleware } from "hono/factory";
import { commitBodyBytesMax } from "../control/commit-request.ts";
import type { ApiEnv } from "./identity.ts";

const securityHeaders = {
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  "referrer-policy": "no-referrer",
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
  "cross-origin-resource-policy": "same-origin",
  "strict-transport-security": "max-age=63072000; includeSubDomains",
  [versionHeader]: String(protocolVersion),
};

/** A user's content brings its own, which also let the app show it in a frame. */
const ownedByRoute = new Set(["content-security-policy", "x-frame-options"]);

/** Security headers and the protocol's version on every answer; `no-store` unless the route says otherwise. */
export const answerHeaders = createMiddleware<ApiEnv>(async (c, next) => {
  await next();
  // An accepted socket's answer is the runtime's own: it cannot be changed.
  if (c.res.status === 101) return;
  for (const [name, value] of Object.entries(securityHeaders)) {
    if (!ownedByRoute.has(name) || !c.res.headers.has(name)) c.res.headers.set(name, value);
  }
  if (!c.res.headers.has("cache-control")) c.res.headers.set("cache-control", "no-store");
});

/** Refuses a client that says it speaks a version that this server does not. */
export const spokenVersion = createMiddleware<ApiEnv>(async (c, next) => {
  const said = c.req.header(versionHeader);
  if (said !== undefined && !(Number(said) >= protocolVersionMin && Number(said) <= protocolVersion)) {
    throw new ProblemError("bad-request", `This server speaks protocol ${protocolVersionMin} to ${protocolVersion}: update the client.`);
  }
  await next();
});

/**
 * Takes in what a refused request still sends. Otherwise the runtime closes the connection under a client that is still
 * writing, which then sees a reset instead of the refusal. A body longer than any that could be right is cut off all the same.
 */
export const unreadBodies = createMiddleware<ApiEnv>(async (c, next) => {
  await next();
  const { body, bodyUsed, headers } = c.req.raw;
  if (body === null || bodyUsed || body.locked) return;
  const announced = Number(headers.get("content-length") ?? Number.POSITIVE_INFINITY);
  const discarded = announced > commitBodyBytesMax ? body.cancel() : body.pipeTo(new WritableStream());
  // A client that left meanwhile reads no answer: there is nobody to tell.
  await discarded.catch(() => undefined);
});
