/** Every route of the API, and what happens at its border. */
import { ProblemError } from "@ashlar/shared/protocol/problem";
import { Hono } from "hono";
import { methodNotAllowed } from "hono/method-not-allowed";
import { answerHeaders, spokenVersion, unreadBodies } from "./http/border.ts";
import { type ApiEnv, requireIdentity } from "./http/identity.ts";
import { problemResponse, refusalOf } from "./http/problems.ts";

/** Addresses that only a signed-in device may ask; `/v1/session` decides by method. */
const signedIn = [
  "/v1/b/*",
  "/v1/blocks/*",
  "/v1/changes",
  "/v1/commits",
  "/v1/devices/*",
  "/v1/events",
  "/v1/files/*",
  "/v1/p/*",
  "/v1/tree/*",
];

export const app = new Hono<ApiEnv>();

app.onError((error) => {
  const refusal = refusalOf(error);
  if (refusal.code === "internal") console.error(error);
  return problemResponse(refusal);
});
app.notFound(() => problemResponse(new ProblemError("not-found")));

app.use(answerHeaders);
app.use(unreadBodies);
app.use(spokenVersion);
app.use(methodNotAllowed({ app, onMethodNotAllowed: (_, methods) => problemResponse(new ProblemError("method-not-allowed"), methods) }));
for (const path of signedIn) app.use(path, requireIdentity);

app.get("/v1/health", (c) => c.json({ status: "ok" }));
