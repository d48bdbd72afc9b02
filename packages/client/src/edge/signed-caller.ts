import { ProblemError } from "@ashlar/shared/protocol/problem";
import type { Call, Caller } from "./caller.ts";
import { SignedOutError } from "./errors.ts";
import { endsSession, type Tokens } from "./tokens.ts";

/** A caller that sends the device's access token along, and replaces it once when it is refused. Rejects with SignedOutError besides. */
export function createSignedCaller(call: Caller, tokens: Tokens): Caller {
  const signed = (request: Call, token: string) => call({ ...request, headers: { ...request.headers, authorization: `Bearer ${token}` } });

  return async (request) => {
    const token = await tokens.current(request.signal);
    try {
      return await signed(request, token);
    } catch (error) {
      if (!(error instanceof ProblemError) || !endsSession(error)) throw error;
      // A revoked device's refresh token is no better: asking tells apart a stale token from an ended session.
      const renewed = await tokens.renew(token, request.signal);
      return signed(request, renewed).catch((again: unknown) => {
        throw again instanceof ProblemError && endsSession(again) ? new SignedOutError(again.code, again) : again;
      });
    }
  };
}
