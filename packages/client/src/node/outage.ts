/** Since when and why the server cannot be reached, for whoever asks for the status. */
import type { LocalDatabase } from "../database.ts";
import type { EngineEvent } from "../engine/types.ts";
import type { Clock } from "../ports.ts";
import { Meta } from "../trees/meta.ts";

export type Outage = { readonly sinceMs: number; readonly why: string; readonly nextTryMs: number };

const key = "outage";

export function readOutage(database: LocalDatabase): Outage | undefined {
  const text = new Meta(database).read(key);
  return text === undefined ? undefined : (JSON.parse(text) as Outage);
}

/** Writes down what the events say of outages. */
export function noteOutages(database: LocalDatabase, clock: Pick<Clock, "now">): (event: EngineEvent) => void {
  const meta = new Meta(database);
  let outage = readOutage(database);
  const note = (next: Outage | undefined) => {
    if (next === undefined && outage === undefined) return;
    outage = next;
    meta.write(key, next && JSON.stringify(next));
  };
  return (event) => {
    if (event.type === "offline") {
      const nowMs = clock.now();
      note({ sinceMs: outage?.sinceMs ?? nowMs, why: event.why, nextTryMs: nowMs + event.retryInMs });
    } else if (showsServer(event)) note(undefined);
  };
}

function showsServer(event: EngineEvent): boolean {
  if (event.type === "applied") return event.side === "remote";
  if (event.type === "feed") return event.state !== "offline";
  return event.type === "equal";
}
