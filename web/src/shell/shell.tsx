/** The frame around every page of an account: where to go, how much room there is, and whether it is live. */
import { ChartColumn, Folder, History, Link as LinkIcon, Settings, Trash2, type LucideIcon } from "lucide-react";
import { lazy, type ReactNode, Suspense, useEffect, useState } from "react";
import { nodeIdSchema, rootId } from "@ashlar/shared/ids";
import { Link, Redirect, Route, Switch, useLocation, useRoute } from "wouter";
import { FilesPage } from "../files/files-page.tsx";
import { Library } from "../library/library.ts";
import type { Connection } from "../session/connection.ts";
import { sessionEnded } from "../session/session.ts";
import { createTransfers, type Transfers } from "../transfer/transfers.ts";
import { TransferPanel } from "../transfer/transfer-panel.tsx";
import { Boundary } from "../ui/boundary.tsx";
import { Spinner } from "../ui/empty.tsx";
import { Logo } from "../ui/logo.tsx";
import { LinkStatus, OfflineNotice } from "./link-status.tsx";
import { Room } from "./room.tsx";
import { AppContext } from "./context.ts";

const page = {
  Trash: lazy(async () => ({ default: (await import("../pages/trash.tsx")).TrashPage })),
  Rewind: lazy(async () => ({ default: (await import("../pages/rewind.tsx")).RewindPage })),
  Shares: lazy(async () => ({ default: (await import("../share/shares-page.tsx")).SharesPage })),
  Insights: lazy(async () => ({ default: (await import("../insights/insights-page.tsx")).InsightsPage })),
  Settings: lazy(async () => ({ default: (await import("../pages/settings.tsx")).SettingsPage })),
  Link: lazy(async () => ({ default: (await import("../pages/link.tsx")).LinkPage })),
};

type App = { readonly library: Library; readonly transfers: Transfers };

export function Shell({ connection }: { readonly connection: Connection }) {
  const [app, setApp] = useState<App>();
  const [place] = useLocation();
  useEffect(() => {
    const library = new Library(connection, sessionEnded);
    const transfers = createTransfers(library);
    setApp({ library, transfers });
    const look = () => {
      if (document.visibilityState === "visible") library.refresh();
    };
    window.addEventListener("online", look);
    document.addEventListener("visibilitychange", look);
    return () => {
      window.removeEventListener("online", look);
      document.removeEventListener("visibilitychange", look);
      transfers.close();
      void library.close();
    };
  }, [connection]);
  if (app === undefined) return null;

  return (
    <AppContext value={{ connection, ...app }}>
      <a className="skip" href="#main">
        Skip to the content
      </a>
      <div className="shell">
        <nav className="shell__side" aria-label="Ashlar">
          <div className="shell__brand">
            <Logo size={26} />
            <span>Ashlar</span>
          </div>
          <ul className="nav">
            <NavItem to="/" also="/f/:node" icon={Folder}>
              Files
            </NavItem>
            <NavItem to="/shares" icon={LinkIcon}>
              Shared
            </NavItem>
            <NavItem to="/trash" icon={Trash2}>
              Trash
            </NavItem>
            <NavItem to="/rewind" icon={History}>
              Rewind
            </NavItem>
            <NavItem to="/insights" icon={ChartColumn}>
              Insights
            </NavItem>
            <NavItem to="/settings" icon={Settings}>
              Settings
            </NavItem>
          </ul>
          <div className="shell__foot">
            <Room />
            <LinkStatus />
          </div>
        </nav>
        <main className="shell__main" id="main" tabIndex={-1}>
          <OfflineNotice />
          <Boundary place={place}>
            <Suspense fallback={<Spinner label="Opening" />}>
              <Switch>
                <Route path="/">
                  <FilesPage folder={rootId} />
                </Route>
                <Route path="/f/:node">
                  {({ node }) => {
                    const folder = nodeIdSchema.safeParse(node);
                    return folder.success ? <FilesPage folder={folder.data} /> : <Redirect to="/" replace />;
                  }}
                </Route>
                <Route path="/trash">
                  <page.Trash />
                </Route>
                <Route path="/rewind">
                  <page.Rewind />
                </Route>
                <Route path="/shares">
                  <page.Shares />
                </Route>
                <Route path="/insights">
                  <page.Insights />
                </Route>
                <Route path="/settings">
                  <page.Settings />
                </Route>
                <Route path="/link">
                  <page.Link />
                </Route>
                <Route>
                  <Redirect to="/" replace />
                </Route>
              </Switch>
            </Suspense>
          </Boundary>
        </main>
        <TransferPanel />
      </div>
    </AppContext>
  );
}

type NavItemProps = { readonly to: string; readonly also?: string; readonly icon: LucideIcon; readonly children: ReactNode };

function NavItem({ to, also = to, icon: Icon, children }: NavItemProps) {
  const [isHere] = useRoute(to);
  const [isBelow] = useRoute(also);
  return (
    <li>
      <Link className="nav__item" href={to} aria-current={isHere || isBelow ? "page" : undefined}>
        <Icon size={18} aria-hidden />
        <span>{children}</span>
      </Link>
    </li>
  );
}
