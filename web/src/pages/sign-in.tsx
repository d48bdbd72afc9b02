import { CircleAlert } from "lucide-react";
import { useState } from "react";
import { passwordCharsMin } from "@ashlar/shared/limits";
import { enterAccount } from "../session/session.ts";
import { Field } from "../ui/field.tsx";
import { Logo } from "../ui/logo.tsx";
import { codeOf, messageOf } from "../ui/run.ts";

type Way = "known" | "new";
type Fault = { readonly text: string; readonly at: "email" | "password" | "page" };

export function SignIn({ why }: { readonly why: string | undefined }) {
  const [way, setWay] = useState<Way>("known");
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const [isBusy, setBusy] = useState(false);
  const [fault, setFault] = useState<Fault>();
  const isNew = way === "new";

  const enter = async () => {
    if (!email.includes("@")) return setFault({ text: "Enter your e-mail address.", at: "email" });
    if (password.length < passwordCharsMin)
      return setFault({ text: `A password has at least ${passwordCharsMin} characters.`, at: "password" });
    setBusy(true);
    setFault(undefined);
    try {
      await enterAccount(way, { email, password });
    } catch (error) {
      setBusy(false);
      setFault(faultOf(error));
    }
  };

  return (
    <main className="gate">
      <form
        className="gate__card"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          void enter();
        }}
      >
        <Logo size={40} />
        <div>
          <h1>{isNew ? "Create your account" : "Sign in to Ashlar"}</h1>
          <p className="muted">{isNew ? "Your files, the same on every device." : "Welcome back."}</p>
        </div>
        {why !== undefined && fault === undefined && (
          <p className="notice" role="status">
            <CircleAlert size={18} aria-hidden />
            {why}
          </p>
        )}
        {fault?.at === "page" && (
          <p className="notice notice--danger" role="alert">
            <CircleAlert size={18} aria-hidden />
            {fault.text}
          </p>
        )}
        <Field
          label="E-mail"
          type="email"
          name="email"
          autoComplete="username"
          autoFocus
          required
          value={email}
          fault={fault?.at === "email" ? fault.text : undefined}
          onChange={(event) => setEmail(event.target.value)}
        />
        <Field
          label="Password"
          type="password"
          name="password"
          autoComplete={isNew ? "new-password" : "current-password"}
          required
          value={password}
          hint={isNew ? `At least ${passwordCharsMin} characters. It cannot be recovered: keep it safe.` : undefined}
          fault={fault?.at === "password" ? fault.text : undefined}
          onChange={(event) => setPassword(event.target.value)}
        />
        <button type="submit" className="button button--primary gate__enter" disabled={isBusy}>
          {isBusy ? "One moment…" : isNew ? "Create account" : "Sign in"}
        </button>
        <p className="gate__other">
          {isNew ? "You have an account?" : "New here?"}{" "}
          <button
            type="button"
            className="link-button"
            onClick={() => {
              setWay(isNew ? "known" : "new");
              setFault(undefined);
            }}
          >
            {isNew ? "Sign in" : "Create an account"}
          </button>
        </p>
      </form>
    </main>
  );
}

function faultOf(error: unknown): Fault {
  const code = codeOf(error);
  if (code === "wrong-credentials") return { text: "The e-mail address or the password is wrong.", at: "page" };
  if (code === "email-taken") return { text: "There is an account with this address already: sign in instead.", at: "email" };
  if (code === "bad-request") return { text: "That does not look like an e-mail address.", at: "email" };
  return { text: messageOf(error), at: "page" };
}
