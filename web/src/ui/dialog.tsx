/** A modal dialog: the browser traps the focus in it, and gives it back where it was. */
import { X } from "lucide-react";
import { type ReactNode, type SubmitEvent, useEffect, useId, useRef } from "react";

type DialogProps = {
  readonly title: string;
  readonly onClose: () => void;
  readonly isWide?: boolean;
  readonly children: ReactNode;
  readonly actions?: ReactNode;
  /** With it the dialog is a form. */
  readonly onSubmit?: () => void;
};

export function Dialog({ title, onClose, isWide = false, children, actions, onSubmit }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const titleId = useId();
  useEffect(() => {
    const shown = dialog.current;
    const before = document.activeElement;
    if (shown !== null && !shown.open) {
      shown.showModal();
      // React puts the focus there before the dialog shows, when nothing in it can have it.
      shown.querySelector<HTMLElement>("[data-focus=true]")?.focus();
    }
    return () => {
      shown?.close();
      // The focus goes back by itself only if the element still lives when the dialog closes.
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, []);
  const submit = (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    onSubmit?.();
  };
  const body = (
    <>
      <div className="dialog__head">
        <h2 id={titleId}>{title}</h2>
        <button type="button" className="icon-button" aria-label="Close" onClick={onClose}>
          <X size={18} aria-hidden />
        </button>
      </div>
      {children}
      {actions !== undefined && <div className="dialog__actions">{actions}</div>}
    </>
  );
  return (
    <dialog
      ref={dialog}
      className={isWide ? "dialog dialog--wide" : "dialog"}
      aria-labelledby={titleId}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onKeyDown={(event) => event.stopPropagation()}
      onPointerDown={(event) => {
        if (event.target === dialog.current) onClose();
      }}
    >
      {onSubmit === undefined ? (
        <div className="dialog__body">{body}</div>
      ) : (
        <form className="dialog__body" onSubmit={submit}>
          {body}
        </form>
      )}
    </dialog>
  );
}
