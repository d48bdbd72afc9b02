import { type InputHTMLAttributes, type Ref, useId } from "react";

type FieldProps = Omit<InputHTMLAttributes<HTMLInputElement>, "id"> & {
  readonly label: string;
  readonly hint?: string | undefined;
  readonly fault?: string | undefined;
  readonly ref?: Ref<HTMLInputElement>;
};

export function Field({ label, hint, fault, ref, ...input }: FieldProps) {
  const id = useId();
  const described = fault !== undefined ? `${id}-fault` : hint !== undefined ? `${id}-hint` : undefined;
  return (
    <div className="field">
      <label className="field__label" htmlFor={id}>
        {label}
      </label>
      <input
        {...input}
        ref={ref}
        id={id}
        data-focus={input.autoFocus}
        className="input"
        aria-invalid={fault !== undefined}
        aria-describedby={described}
      />
      {hint !== undefined && fault === undefined && (
        <p className="field__hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
      {fault !== undefined && (
        <p className="field__fault" id={`${id}-fault`} role="alert">
          {fault}
        </p>
      )}
    </div>
  );
}
