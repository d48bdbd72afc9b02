import { useEffect, useRef } from "react";
import { extensionOf } from "../library/sorting.ts";

type RenameInputProps = { readonly name: string; readonly isFolder: boolean; readonly onDone: (name: string | undefined) => void };

/** The name in its row, with all but its extension selected. Undefined: it stays. */
export function RenameInput({ name, isFolder, onDone }: RenameInputProps) {
  const input = useRef<HTMLInputElement>(null);
  const isDone = useRef(false);
  useEffect(() => {
    const extension = isFolder ? "" : extensionOf(name);
    input.current?.focus();
    input.current?.setSelectionRange(0, name.length - (extension === "" ? 0 : extension.length + 1));
  }, [name, isFolder]);
  const done = (value: string | undefined) => {
    if (isDone.current) return;
    isDone.current = true;
    const wanted = value?.trim().normalize("NFC");
    onDone(wanted === undefined || wanted === "" || wanted === name ? undefined : wanted);
  };
  return (
    <input
      ref={input}
      className="input grid__rename"
      aria-label={`New name of ${name}`}
      defaultValue={name}
      onClick={(event) => event.stopPropagation()}
      onDoubleClick={(event) => event.stopPropagation()}
      onBlur={(event) => done(event.target.value)}
      onKeyDown={(event) => {
        event.stopPropagation();
        if (event.key === "Enter") done(event.currentTarget.value);
        if (event.key === "Escape") done(undefined);
      }}
    />
  );
}
