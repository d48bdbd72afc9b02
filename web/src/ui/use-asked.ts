import { useCallback, useEffect, useState } from "react";
import { messageOf } from "./run.ts";

export type Asked<Value> =
  | { readonly state: "asking" }
  | { readonly state: "here"; readonly value: Value }
  | { readonly state: "failed"; readonly why: string };

/** What a page asks the server once, and again when it is told to. `question` is the same function for the same question. */
export function useAsked<Value>(question: (signal: AbortSignal) => Promise<Value>): { asked: Asked<Value>; again: () => void } {
  const [asked, setAsked] = useState<Asked<Value>>({ state: "asking" });
  const [times, setTimes] = useState(0);
  useEffect(() => {
    const stop = new AbortController();
    question(stop.signal).then(
      (value) => setAsked({ state: "here", value }),
      (error: unknown) => {
        if (!stop.signal.aborted) setAsked({ state: "failed", why: messageOf(error) });
      },
    );
    return () => stop.abort();
  }, [question, times]);
  const again = useCallback(() => setTimes((count) => count + 1), []);
  return { asked, again };
}
