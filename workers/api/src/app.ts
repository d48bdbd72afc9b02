/** Every route of the API, and what happens at its border. */
import { ProblemError } from "@ashlar/shared/protocol/problem";
import { Hono } from "hono";
import { methodNotAllowed } from "hono/method-not-allowed";
import { accounts } from "./accounts/routes.ts";
import { deviceCodes } from "./accounts/device-codes.ts";
import { changes } from "./control/changes.ts";
import { commits } from "./control/commits.ts";
import { events } from "./control/events.ts";
import { files } from "./control/files.ts";
import { history } from "./control/history.ts";
import { insights } from "./control/insights.ts";
import { locate } from "./control/locate.ts";
import { search } from "./control/search.ts";
import { tree } from "./control/tree.ts";
import { usage } from "./control/usage.ts";
import { content } from "./download/content/routes.ts";
import { delta } from "./download/delta.ts";
import { download } from "./download/routes.ts";
import { ownShares } from "./download/shares/owner.ts";
import { visitorShares } from "./download/shares/visitor.ts";
import { answerHeaders, spokenVersion, unreadBodies } from "./http/border.ts";
import { type ApiEnv, requireIdentity } from "./http/identity.ts";
import { problemResponse, refusalOf } from "./http/problems.ts";
import { limitDownloads, limitSession, limitWalks } from "./http/rate-limit.ts";
import { upload } from "./upload/routes.ts";

/** Addresses that only a signed-in device may ask; `/v1/account`, `/v1/session` and `/v1/device-codes` decide by method. */
const signedIn = [
  "/v1/archives",
  "/v1/blocks/*",
  "/v1/changes",
  "/v1/commits",
  "/v1/devices/*",
  "/v1/events",
  "/v1/files/*",
  "/v1/find",
  "/v1/insights",
  "/v1/log",
  "/v1/rewind",
  "/v1/search",
  "/v1/shares",
  "/v1/shares/*",
  "/v1/trash",
  "/v1/trash/*",
  "/v1/tree",
  "/v1/tree/*",
  "/v1/usage",
];
/** Those of them that look through many rows. */
const walks = ["/v1/archives", "/v1/search"];
/** Signed besides. */
const downloads = ["/v1/b/*", "/v1/d/*", "/v1/p/*"];

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
for (const path of signedIn) app.use(path, requireIdentity, limitSession);
for (const path of walks) app.use(path, limitWalks);
for (const path of downloads) app.use(path, requireIdentity, limitDownloads);

app.get("/v1/health", (c) => c.json({ status: "ok" }));
for (const room of [
  accounts,
  deviceCodes,
  upload,
  download,
  content,
  ownShares,
  visitorShares,
  delta,
  locate,
  commits,
  changes,
  tree,
  files,
  history,
  search,
  events,
  usage,
  insights,
])
  app.route("/", room);
