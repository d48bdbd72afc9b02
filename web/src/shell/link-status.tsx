import { CloudOff, RefreshCw } from "lucide-react";
import { useStore } from "../platform/store.ts";
import { useApp } from "./context.ts";

const texts = {
  live: "Up to date, live",
  connecting: "Connecting…",
  polling: "Looking every few seconds",
  offline: "Offline",
} as const;

/** Whether changes of other devices show by themselves; and a look at once. */
export function LinkStatus() {
  const { library } = useApp();
  const { state, why } = useStore(library.link);
  return (
    <div className="link-status" data-state={state}>
      <span className="link-status__dot" aria-hidden />
      <span className="link-status__text" role="status" title={why}>
        {texts[state]}
      </span>
      <button type="button" className="icon-button" aria-label="Refresh" title="Refresh" onClick={() => library.refresh()}>
        <RefreshCw size={15} aria-hidden />
      </button>
    </div>
  );
}

/** On top of every page: what it shows may be out of date. */
export function OfflineNotice() {
  const { library } = useApp();
  const { state } = useStore(library.link);
  if (state !== "offline") return null;
  return (
    <div className="offline">
      <CloudOff size={17} aria-hidden />
      <p>No connection. What you see may be out of date.</p>
      <button type="button" className="link-button" onClick={() => library.refresh()}>
        Try again
      </button>
    </div>
  );
}
