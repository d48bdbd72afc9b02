/** The worker's tokens: the page has the session, and hands out a token when it is asked. */
import type { Tokens } from "@ashlar/client/edge/tokens";
import { UnreachableError } from "@ashlar/client/ports";
import type { FromWorker, Identity } from "./messages.ts";

export type WorkerTokens = Tokens & {
  answer(asked: number, token: string): void;
  refuse(asked: number, why: string): void;
};

export function workerTokens({ user, device }: Identity, say: (message: FromWorker) => void): WorkerTokens {
  const waiting = new Map<number, PromiseWithResolvers<string>>();
  let lastAsked = 0;

  function ask(refused: string | undefined): Promise<string> {
    const answer = Promise.withResolvers<string>();
    waiting.set(++lastAsked, answer);
    say({ type: "token", asked: lastAsked, refused });
    return answer.promise;
  }

  function take(asked: number): PromiseWithResolvers<string> | undefined {
    const answer = waiting.get(asked);
    waiting.delete(asked);
    return answer;
  }

  return {
    user,
    device,
    current: () => ask(undefined),
    renew: (refused) => ask(refused),
    answer: (asked, token) => take(asked)?.resolve(token),
    refuse: (asked, why) => take(asked)?.reject(new UnreachableError(why)),
  };
}
