import { RefreshCw } from "lucide-react";
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
