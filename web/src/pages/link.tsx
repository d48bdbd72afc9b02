import { jsonBody, parsed } from "@ashlar/client/edge/caller";
import { type DeviceCodeFacts, deviceCodeFactsSchema, userCodeSchema } from "@ashlar/shared/protocol/device-code";
import { CircleCheck, CircleX, Terminal, TriangleAlert } from "lucide-react";
import { useCallback, useEffect, useState } from "react";
import { useSearchParams } from "wouter";
import { useApp } from "../shell/context.ts";
import { Empty } from "../ui/empty.tsx";
import { Field } from "../ui/field.tsx";
import { agoText } from "../ui/format.ts";
import { Page } from "../ui/page.tsx";
import { codeOf, messageOf, run } from "../ui/run.ts";

type Step =
  | { readonly at: "code" }
  | { readonly at: "asking"; readonly code: string; readonly facts: DeviceCodeFacts }
  | { readonly at: "done"; readonly isApproved: boolean };

/** Lets a command in that asked for it: `ashlar login` shows a code, and only the person who started it knows that he did. */
export function LinkPage() {
  const { connection } = useApp();
  const [search] = useSearchParams();
  const [text, setText] = useState(search.get("code") ?? "");
  const [step, setStep] = useState<Step>({ at: "code" });
  const [fault, setFault] = useState<string>();

  const look = useCallback(
    async (typed: string) => {
      const code = userCodeSchema.safeParse(typed);
      if (!code.success) return setFault("A code has eight letters, as in WDJB-MJHT.");
      const path = `/v1/device-codes/${code.data}`;
      try {
        const facts = parsed(deviceCodeFactsSchema, path, await connection.call({ method: "GET", path }));
        setFault(undefined);
        setStep({ at: "asking", code: code.data, facts });
      } catch (error) {
        const isGone = codeOf(error) === "not-found" || codeOf(error) === "code-expired";
        setFault(isGone ? "This code is not known, or has expired. Run “ashlar login” again for a new one." : messageOf(error));
      }
    },
    [connection],
  );
  const first = search.get("code");
  useEffect(() => {
    if (first !== null) void look(first);
  }, [first, look]);

  const answer = (code: string, isApproved: boolean) =>
    run(async () => {
      await connection.call({ method: "POST", path: `/v1/device-codes/${code}`, ...jsonBody({ answer: isApproved ? "approve" : "deny" }) });
      setStep({ at: "done", isApproved });
    });

  return (
    <Page title="Let a device in">
      {step.at === "code" && (
        <form
          className="card stack"
          onSubmit={(event) => {
            event.preventDefault();
            void look(text);
          }}
        >
          <Field
            label="Code"
            hint="The one that “ashlar login” shows in your terminal."
            value={text}
            fault={fault}
            autoFocus
            autoComplete="one-time-code"
            autoCapitalize="characters"
            spellCheck={false}
            onChange={(event) => setText(event.target.value)}
          />
          <button type="submit" className="button button--primary">
            Continue
          </button>
        </form>
      )}
      {step.at === "asking" && (
        <section className="card stack link-card" aria-labelledby="asks">
          <Terminal size={30} aria-hidden />
          <h2 id="asks">Let “{step.facts.device}” into your account?</h2>
          <p className="muted">
            It asked {agoText(step.facts.createdAt, Date.now())}. It will see and change all your files, until you sign it out in the
            settings.
          </p>
          <p className="link-card__code mono" aria-label="Code">
            {step.code.slice(0, 4)}-{step.code.slice(4)}
          </p>
          <p className="notice">
            <TriangleAlert size={18} aria-hidden />
            {step.facts.sameNetwork === false
              ? "It asks from another network than this browser. Continue only if you started it there yourself."
              : "Continue only if you see this very code in your own terminal. Somebody who sent you a link wants your files."}
          </p>
          <div className="dialog__actions">
            <button type="button" className="button" onClick={() => answer(step.code, false)}>
              No, keep it out
            </button>
            <button type="button" className="button button--primary" onClick={() => answer(step.code, true)}>
              Yes, let it in
            </button>
          </div>
        </section>
      )}
      {step.at === "done" && (
        <div role="status">
          <Empty icon={step.isApproved ? CircleCheck : CircleX} title={step.isApproved ? "Confirmed" : "It was kept out"}>
            {step.isApproved
              ? "Your terminal goes on in some seconds. If it has ended meanwhile, nothing is signed in."
              : "If you did not start it, nothing more is to do."}
          </Empty>
        </div>
      )}
    </Page>
  );
}
