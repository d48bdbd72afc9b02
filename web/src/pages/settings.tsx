import { listDevices, revokeDevice } from "@ashlar/client/edge/account";
import { jsonBody, parsed } from "@ashlar/client/edge/caller";
import { passwordCharsMin } from "@ashlar/shared/limits";
import { accountSchema, type Device } from "@ashlar/shared/protocol/account";
import { Globe, LogOut, Terminal } from "lucide-react";
import { useCallback, useState } from "react";
import { useStore } from "../platform/store.ts";
import { leaveAccount } from "../session/session.ts";
import { useApp } from "../shell/context.ts";
import { Dialog } from "../ui/dialog.tsx";
import { Field } from "../ui/field.tsx";
import { agoText, bytesText, momentText } from "../ui/format.ts";
import { Answered, Page } from "../ui/page.tsx";
import { codeOf, messageOf, run } from "../ui/run.ts";
import { chooseTheme, theme, type Theme } from "../ui/theme.ts";
import { say } from "../ui/toasts.tsx";
import { useAsked } from "../ui/use-asked.ts";

const themes: readonly (readonly [Theme, string])[] = [
  ["system", "As the system"],
  ["light", "Light"],
  ["dark", "Dark"],
];

export function SettingsPage() {
  /** How often other devices were signed out from here: the list of them is read anew then. */
  const [signedOut, setSignedOut] = useState(0);
  return (
    <Page title="Settings">
      <Account />
      <Devices key={signedOut} />
      <Password onOthersGone={() => setSignedOut(signedOut + 1)} />
      <Appearance />
    </Page>
  );
}

function Account() {
  const { connection, transfers } = useApp();
  const leave = async () => {
    await leaveAccount(connection);
    // Names and handles of files stay on no computer that one has signed out from.
    transfers.cancel(transfers.list.get().map(({ id }) => id));
  };
  const { asked, again } = useAsked(
    useCallback(
      async (signal: AbortSignal) => {
        const path = "/v1/account";
        return parsed(accountSchema, path, await connection.call({ method: "GET", path, signal }));
      },
      [connection],
    ),
  );
  return (
    <section className="card" aria-labelledby="account">
      <h2 id="account">Account</h2>
      <Answered asked={asked} again={again}>
        {({ email, createdAt, usedBytes, quotaBytes }) => (
          <dl className="facts">
            <div>
              <dt>E-mail</dt>
              <dd>{email}</dd>
            </div>
            <div>
              <dt>Since</dt>
              <dd>{momentText(createdAt)}</dd>
            </div>
            <div>
              <dt>Space</dt>
              <dd className="number">
                {bytesText(usedBytes)} of {bytesText(quotaBytes)}
              </dd>
            </div>
          </dl>
        )}
      </Answered>
      <button type="button" className="button" onClick={() => run(leave)}>
        <LogOut size={16} aria-hidden />
        Sign out
      </button>
    </section>
  );
}

function Devices() {
  const { connection } = useApp();
  const [leaving, setLeaving] = useState<Device>();
  const { asked, again } = useAsked(useCallback(() => listDevices(connection.call), [connection]));
  const revoke = (device: Device) => {
    setLeaving(undefined);
    run(async () => {
      await revokeDevice(connection.call, device.id);
      say(`“${device.name}” is signed out.`);
      again();
    });
  };
  return (
    <section className="card" aria-labelledby="devices">
      <h2 id="devices">Devices and sessions</h2>
      <p className="muted">Every browser and every synced folder that is signed in to your account.</p>
      <Answered asked={asked} again={again}>
        {(devices) => (
          <ul className="rows">
            {devices.map((device) => (
              <li key={device.id} className="rows__item">
                {device.kind === "browser" ? <Globe size={20} aria-label="Browser" /> : <Terminal size={20} aria-label="Command" />}
                <div className="rows__text">
                  <span className="rows__title">
                    {device.name}
                    {device.current && <span className="tag">This one</span>}
                  </span>
                  <span className="muted">
                    Seen {agoText(device.lastSeenAt, Date.now())} · since {momentText(device.createdAt)}
                  </span>
                </div>
                {!device.current && (
                  <button type="button" className="button" aria-label={`Sign out ${device.name}`} onClick={() => setLeaving(device)}>
                    Sign out
                  </button>
                )}
              </li>
            ))}
          </ul>
        )}
      </Answered>
      {leaving !== undefined && (
        <Dialog
          title={`Sign out “${leaving.name}”?`}
          onClose={() => setLeaving(undefined)}
          actions={
            <>
              <button type="button" className="button" onClick={() => setLeaving(undefined)}>
                Cancel
              </button>
              <button type="button" className="button button--danger" onClick={() => revoke(leaving)}>
                Sign out
              </button>
            </>
          }
        >
          <p>It stops syncing at once. The files that are on it stay there; to sync again, it has to sign in.</p>
        </Dialog>
      )}
    </section>
  );
}

function Password({ onOthersGone }: { readonly onOthersGone: () => void }) {
  const { connection } = useApp();
  const [current, setCurrent] = useState("");
  const [next, setNext] = useState("");
  const [signOutOthers, setSignOutOthers] = useState(false);
  const [fault, setFault] = useState<{ at: "current" | "next"; text: string }>();
  const change = async () => {
    if (next.length < passwordCharsMin) return setFault({ at: "next", text: `A password has at least ${passwordCharsMin} characters.` });
    setFault(undefined);
    try {
      await connection.call({ method: "POST", path: "/v1/password", ...jsonBody({ current, next, signOutOthers }) });
      setCurrent("");
      setNext("");
      if (signOutOthers) onOthersGone();
      say(signOutOthers ? "The password is changed, and all other devices are signed out." : "The password is changed.");
    } catch (error) {
      const isWrong = codeOf(error) === "wrong-credentials" || codeOf(error) === "bad-request";
      setFault({ at: "current", text: isWrong ? "That is not the current password." : messageOf(error) });
    }
  };
  return (
    <section className="card" aria-labelledby="password">
      <h2 id="password">Password</h2>
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          void change();
        }}
      >
        <Field
          label="Current password"
          type="password"
          autoComplete="current-password"
          value={current}
          fault={fault?.at === "current" ? fault.text : undefined}
          onChange={(event) => setCurrent(event.target.value)}
        />
        <Field
          label="New password"
          type="password"
          autoComplete="new-password"
          value={next}
          fault={fault?.at === "next" ? fault.text : undefined}
          onChange={(event) => setNext(event.target.value)}
        />
        <label className="check">
          <input type="checkbox" checked={signOutOthers} onChange={(event) => setSignOutOthers(event.target.checked)} />
          Sign out all other devices
        </label>
        <button type="submit" className="button" disabled={current === "" || next === ""}>
          Change the password
        </button>
      </form>
    </section>
  );
}

function Appearance() {
  const chosen = useStore(theme);
  return (
    <section className="card" aria-labelledby="appearance">
      <h2 id="appearance">Appearance</h2>
      <fieldset className="choice">
        <legend className="visually-hidden">Colours</legend>
        {themes.map(([value, label]) => (
          <label key={value} className="choice__item">
            <input type="radio" name="theme" checked={chosen === value} onChange={() => chooseTheme(value)} />
            {label}
          </label>
        ))}
      </fieldset>
    </section>
  );
}
