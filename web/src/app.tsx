import { CloudOff } from "lucide-react";
import { lazy, Suspense, useEffect } from "react";
import { Route, Switch } from "wouter";
import { useStore } from "./platform/store.ts";
import { SignIn } from "./pages/sign-in.tsx";
import { resumeSession, sessionState } from "./session/session.ts";
import { Shell } from "./shell/shell.tsx";
import { Boundary } from "./ui/boundary.tsx";
import { Empty, Spinner } from "./ui/empty.tsx";
import { Toasts } from "./ui/toasts.tsx";

const SharedPage = lazy(async () => ({ default: (await import("./share/shared-page.tsx")).SharedPage }));

export function App() {
  return (
    <>
      <Boundary>
        <Switch>
          <Route path="/s/:token">
            {({ token }) => (
              <Suspense fallback={<Spinner label="Opening" />}>
                <SharedPage token={token} />
              </Suspense>
            )}
          </Route>
          <Route>
            <Account />
          </Route>
        </Switch>
      </Boundary>
      <Toasts />
    </>
  );
}

function Account() {
  const session = useStore(sessionState);
  useEffect(() => void resumeSession(), []);
  switch (session.type) {
    case "asking":
      return <Spinner label="Signing in" />;
    case "unreachable":
      return (
        <main className="gate">
          <Empty
            isPage
            icon={CloudOff}
            title="Ashlar cannot be opened now"
            actions={
              <button type="button" className="button button--primary" onClick={() => void resumeSession()}>
                Try again
              </button>
            }
          >
            {session.why}
          </Empty>
        </main>
      );
    case "out":
      return <SignIn why={session.why} />;
    case "in":
      return <Shell key={session.connection.tokens.device} connection={session.connection} />;
  }
}
