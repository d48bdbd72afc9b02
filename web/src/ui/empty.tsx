import type { LucideIcon } from "lucide-react";
import type { ReactNode } from "react";

type EmptyProps = {
  readonly icon: LucideIcon;
  readonly title: string;
  /** All that the page has to say. */
  readonly isPage?: boolean;
  readonly children?: ReactNode;
  readonly actions?: ReactNode;
};

/** What a screen says when it has nothing to show, and what to do then. */
export function Empty({ icon: Icon, title, isPage = false, children, actions }: EmptyProps) {
  const Heading = isPage ? "h1" : "h2";
  return (
    <div className="empty">
      <div className="empty__art">
        <Icon size={34} strokeWidth={1.5} aria-hidden />
      </div>
      <Heading>{title}</Heading>
      {children !== undefined && <p>{children}</p>}
      {actions !== undefined && <div className="empty__actions">{actions}</div>}
    </div>
  );
}

export function Spinner({ label }: { readonly label: string }) {
  return (
    <div className="empty" role="status">
      <div className="spinner" />
      <span className="visually-hidden">{label}</span>
    </div>
  );
}
