/** Short messages at the bottom of the page, with a way back where there is one; said to screen readers as well. */
import { CircleAlert, X } from "lucide-react";
import { createStore, useStore } from "../platform/store.ts";

type Toast = {
  readonly id: number;
  readonly text: string;
  readonly isFault: boolean;
  readonly action: { readonly label: string; readonly run: () => void } | undefined;
};

const shownMs = 8000;
/** Faults and ways back stay for long enough to be read out and reached by keyboard. */
const shownLongMs = 20_000;
const toastsMax = 3;

const toasts = createStore<readonly Toast[]>([]);
let nextId = 1;

export function say(text: string, action?: Toast["action"]): void {
  show({ id: nextId++, text, isFault: false, action });
}

export function sayFault(text: string, action?: Toast["action"]): void {
  show({ id: nextId++, text, isFault: true, action });
}

function show(toast: Toast): void {
  toasts.update((shown) => [...shown.filter(({ text }) => text !== toast.text), toast].slice(-toastsMax));
  setTimeout(() => dismiss(toast.id), toast.isFault || toast.action !== undefined ? shownLongMs : shownMs);
}

function dismiss(id: number): void {
  toasts.update((shown) => shown.filter((toast) => toast.id !== id));
}

export function Toasts() {
  const shown = useStore(toasts);
  return (
    <section className="toasts" aria-label="Messages" aria-live="polite" aria-relevant="additions">
      {shown.map(({ id, text, isFault, action }) => (
        <div className="toast" key={id} role={isFault ? "alert" : undefined}>
          {isFault && <CircleAlert size={18} aria-hidden />}
          <span>{text}</span>
          {action !== undefined && (
            <button
              type="button"
              className="toast__action"
              onClick={() => {
                dismiss(id);
                action.run();
              }}
            >
              {action.label}
            </button>
          )}
          <button type="button" className="icon-button toast__close" aria-label="Dismiss" onClick={() => dismiss(id)}>
            <X size={16} aria-hidden />
          </button>
        </div>
      ))}
    </section>
  );
}
