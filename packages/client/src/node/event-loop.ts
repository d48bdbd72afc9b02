import { setImmediate } from "node:timers/promises";

/** So long may work that waits for nothing keep sockets and timers from their turn. */
const turnMs = 5;

let turnedAtMs = 0;
let turn: Promise<void> | undefined;

/**
 * For work that is done at once and would otherwise go on and on: resolves when sockets and timers have had their turn, if
 * they have not had one lately.
 */
export async function letOthersTurn(): Promise<void> {
  if (performance.now() - turnedAtMs < turnMs) return;
  turn ??= nextTurn();
  await turn;
}

async function nextTurn(): Promise<void> {
  await setImmediate();
  turnedAtMs = performance.now();
  turn = undefined;
}
