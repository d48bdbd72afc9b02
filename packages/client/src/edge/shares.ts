/** The edge's routes about an account's own shares. */
import type { ShareId } from "@ashlar/shared/ids";
import { type Share, type ShareRequest, shareSchema, sharesSchema } from "@ashlar/shared/protocol/share";
import { type Caller, jsonBody, parsed } from "./caller.ts";

const path = "/v1/shares";

/** `call` is signed, here and below. A share made twice is two shares, so it is asked for once. Rejects with ProblemError, such as `not-found`. */
export async function createShare(call: Caller, request: ShareRequest): Promise<Share> {
  return parsed(shareSchema, path, await call({ method: "POST", path, once: true, ...jsonBody(request) }));
}

/** The newest first. */
export async function listShares(call: Caller): Promise<readonly Share[]> {
  return parsed(sharesSchema, path, await call({ method: "GET", path })).shares;
}

/** Rejects with ProblemError `not-found` if there is no such share. */
export async function endShare(call: Caller, id: ShareId): Promise<void> {
  await call({ method: "DELETE", path: `${path}/${id}` });
}
