import { readUsage } from "@ashlar/client/edge/usage";
import type { Usage } from "@ashlar/shared/protocol/usage";
import { useEffect, useState } from "react";
import { useStore } from "../platform/store.ts";
import { bytesText } from "../ui/format.ts";
import { useApp } from "./context.ts";

/** A burst of changes asks once. */
const settleMs = 1500;

export function Room() {
  const { connection, library } = useApp();
  const news = useStore(library.news);
  const done = useStore(library.commits);
  const [usage, setUsage] = useState<Usage>();
  useEffect(() => {
    const stop = new AbortController();
    const timer = setTimeout(
      () => {
        // Not worth a word when it fails: what is shown stays.
        readUsage(connection.call, stop.signal).then(setUsage, () => undefined);
      },
      done === 0 && news.length === 0 ? 0 : settleMs,
    );
    return () => {
      clearTimeout(timer);
      stop.abort();
    };
  }, [connection, news, done]);
  if (usage === undefined) return null;
  const share = usage.quotaBytes === 0 ? 1 : usage.current.bytes / usage.quotaBytes;
  return (
    <div className="room">
      <div
        className="bar"
        role="meter"
        aria-label="Space used"
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={Math.min(100, Math.round(share * 100))}
      >
        <div className={share > 0.9 ? "bar__fill bar__fill--danger" : "bar__fill"} style={{ width: `${Math.min(100, share * 100)}%` }} />
      </div>
      <p className="muted number">
        {bytesText(usage.current.bytes)} of {bytesText(usage.quotaBytes)}
      </p>
    </div>
  );
}
