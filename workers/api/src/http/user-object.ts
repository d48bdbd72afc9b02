import type { UserSync } from "@ashlar/durable-objects/user-sync";
import type { UserId } from "@ashlar/shared/ids";
import { ProblemError } from "@ashlar/shared/protocol/problem";
import type { Env } from "../env.ts";

/** Seconds before a call that the object did not answer is made again. */
const retryAfterS = 1;

/**
 * Calls the user's Durable Object. Without an answer it is unknown whether the call happened, so only what is safe to repeat may
 * be called: a commit's operations have ids (I4), a revoked device stays revoked, and a socket that nobody got is closed.
 */
export async function callUserObject<Result>(
  env: Env,
  user: UserId,
  call: (object: DurableObjectStub<UserSync>) => Promise<Result>,
): Promise<Result> {
  try {
    return await call(env.USER_SYNC.getByName(user));
  } catch (cause) {
    console.error(cause);
    throw new ProblemError("try-again", undefined, { retryAfterS, cause });
  }
}
