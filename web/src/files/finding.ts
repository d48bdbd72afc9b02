/** A search that goes on while it is looked at: what it found is shown, and looked for again when this page has changed something. */
import type { Clock } from "@ashlar/client/ports";
import type { SearchPage } from "@ashlar/shared/protocol/search";
import { type Entry, entryOf } from "../library/entry.ts";
import type { Readable } from "../platform/store.ts";

export type Found = { readonly entries: readonly Entry[]; readonly paths: ReadonlyMap<string, string>; readonly isWhole: boolean };

/** More than anybody reads: a longer word finds fewer. */
export const foundMax = 500;
const typingMs = 180;
/** A burst of changes asks no more often; one that goes on, as of an upload of many files, less and less often. */
const againMs = 1500;
const againMsMax = 60_000;

type Finding = {
  readonly ask: (after: string | null) => Promise<SearchPage>;
  readonly show: (found: Found) => void;
  readonly fail: (error: unknown) => void;
  /** Changes when the places of what was found may be others. */
  readonly commits: Readable<number>;
  readonly clock: Clock;
  readonly signal: AbortSignal;
};

/** Ends by rejecting, when `signal` is aborted. */
export async function keepFinding({ ask, show, fail, commits, clock, signal }: Finding): Promise<never> {
  await clock.sleep(typingMs, signal);
  let restMs = againMs;
  for (let isFirst = true; ; isFirst = false) {
    const seen = commits.get();
    try {
      // What is shown already is replaced by the whole answer only, not by its beginning.
      for await (const found of foundBy(ask)) {
        signal.throwIfAborted();
        if (isFirst || found.isWhole) show(found);
      }
    } catch (error) {
      signal.throwIfAborted();
      fail(error);
    }
    await clock.sleep(restMs, signal);
    // What comes after a while without any is looked for soon after.
    restMs = Object.is(commits.get(), seen) ? againMs : Math.min(restMs * 2, againMsMax);
    await changedFrom(commits, seen, signal);
  }
}

/** All that was found so far, after each page. */
async function* foundBy(ask: Finding["ask"]): AsyncGenerator<Found> {
  const entries: Entry[] = [];
  const paths = new Map<string, string>();
  for (let after: string | null = null; ;) {
    const page: SearchPage = await ask(after);
    for (const item of page.items) {
      entries.push(entryOf(item));
      paths.set(item.node, item.path);
    }
    after = page.next;
    const isWhole = after === null || entries.length >= foundMax;
    yield { entries: [...entries], paths: new Map(paths), isWhole };
    if (isWhole) return;
  }
}

function changedFrom<Value>(store: Readable<Value>, seen: Value, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (!Object.is(store.get(), seen)) return resolve();
    const end = () => {
      unsubscribe();
      signal.removeEventListener("abort", end);
      if (signal.aborted) reject(new Error("stopped"));
      else resolve();
    };
    const unsubscribe = store.subscribe(end);
    signal.addEventListener("abort", end);
  });
}
