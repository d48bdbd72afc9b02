/** `GET /v1/events`: the upgrade to a WebSocket, which the user's Durable Object then owns. */
import { identityHeaders } from "@ashlar/durable-objects/socket-identity";
import { socketProtocol } from "@ashlar/shared/protocol/change";
import { ProblemError, problemSchema } from "@ashlar/shared/protocol/problem";
import { Hono } from "hono";
import type { ApiEnv } from "../http/identity.ts";
import { callUserObject } from "../http/user-object.ts";

export const events = new Hono<ApiEnv>();

events.get("/v1/events", async (c) => {
  if (c.req.header("upgrade")?.toLowerCase() !== "websocket") throw new ProblemError("upgrade-required");
  const offered = (c.req.header("sec-websocket-protocol") ?? "").split(",").map((protocol) => protocol.trim());
  if (!offered.includes(socketProtocol)) throw new ProblemError("bad-request", `Offer the subprotocol ${socketProtocol}.`);
  // A request of the Worker's own: no header of the client's gets to the object.
  const { identity } = c.var;
  const answer = await callUserObject(c.env, identity.user, (object) =>
    object.fetch("https://user-sync/events", { headers: identityHeaders(identity) }),
  );
  if (answer.status === 101) return answer;
  // Answered anew: what came from the object cannot take the headers that every answer has.
  const { code, detail } = problemSchema.parse(await answer.json());
  throw new ProblemError(code, detail);
});
