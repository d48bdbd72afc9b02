/** What cannot be loaded, or fails while it is shown, takes nothing else of the page along. */
import { CloudOff } from "lucide-react";
import { Component, type ReactNode, Suspense } from "react";
import { Empty } from "./empty.tsx";
import { sayFault } from "./toasts.tsx";

type BoundaryProps = {
  readonly children: ReactNode;
  /** Shown instead; by default a page that says so. */
  readonly fallback?: ReactNode;
  /** Once it is another one, the children are tried again. */
  readonly place?: string;
  readonly onBroken?: () => void;
};

export class Boundary extends Component<BoundaryProps, { readonly isBroken: boolean }> {
  override state = { isBroken: false };

  static getDerivedStateFromError(): { isBroken: boolean } {
    return { isBroken: true };
  }

  override componentDidCatch(): void {
    this.props.onBroken?.();
  }

  override componentDidUpdate({ place }: BoundaryProps): void {
    if (this.state.isBroken && place !== this.props.place) this.setState({ isBroken: false });
  }

  override render(): ReactNode {
    const { children, fallback = <NotLoaded /> } = this.props;
    return this.state.isBroken ? fallback : children;
  }
}

// A browser may keep in mind that a script did not come: only a new page surely asks for it again.
const reload = () => location.reload();

function NotLoaded() {
  return (
    <Empty
      isPage
      icon={CloudOff}
      title="This page could not be loaded"
      actions={
        <button type="button" className="button button--primary" onClick={reload}>
          Reload
        </button>
      }
    >
      The connection was lost, or there is a new version of the app.
    </Empty>
  );
}

/** Something over the page, with a script of its own. */
export function Loaded({ onClose, children }: { readonly onClose: () => void; readonly children: ReactNode }) {
  const onBroken = () => {
    sayFault("This could not be loaded.", { label: "Reload", run: reload });
    onClose();
  };
  return (
    <Boundary fallback={null} onBroken={onBroken}>
      <Suspense fallback={null}>{children}</Suspense>
    </Boundary>
  );
}
