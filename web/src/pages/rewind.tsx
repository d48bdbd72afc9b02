import { carryOut } from "@ashlar/client/history/carry-out";
import { readRewindPlan } from "@ashlar/client/history/rewind";
import type { RewindPlan } from "@ashlar/shared/history/rewind-plan";
import type { Step } from "@ashlar/shared/history/steps";
import { nodeIdSchema, rootId } from "@ashlar/shared/ids";
import { History, TriangleAlert } from "lucide-react";
import { useState } from "react";
import { useSearchParams } from "wouter";
import { useChain } from "../files/use-folder.ts";
import { newOpId } from "../platform/random.ts";
import { useApp } from "../shell/context.ts";
import { Field } from "../ui/field.tsx";
import { bytesText, countText, momentText } from "../ui/format.ts";
import { Page } from "../ui/page.tsx";
import { run } from "../ui/run.ts";
import { say, sayFault } from "../ui/toasts.tsx";

/** As `<input type="datetime-local">` has it, in the time of this place. */
function localText(ms: number): string {
  const date = new Date(ms);
  return new Date(ms - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

const today = () => new Date().toISOString().slice(0, 10);
const hourMs = 60 * 60 * 1000;
const choices: readonly (readonly [string, number])[] = [
  ["10 minutes ago", hourMs / 6],
  ["An hour ago", hourMs],
  ["Yesterday", 24 * hourMs],
  ["A week ago", 7 * 24 * hourMs],
];
const shownSteps = 200;

type Planned = { readonly plan: RewindPlan; readonly to: number };

export function RewindPage() {
  const { connection, library } = useApp();
  const [search] = useSearchParams();
  const asked = nodeIdSchema.safeParse(search.get("folder"));
  const scope = asked.success ? asked.data : rootId;
  const chain = useChain(library, scope);
  const [text, setText] = useState(() => localText(Date.now() - hourMs));
  const [planned, setPlanned] = useState<Planned>();
  const [busy, setBusy] = useState<"planning" | "rewinding">();
  const [done, setDone] = useState<{ done: number; total: number }>();
  const where = scope === rootId ? "everything" : `“${chain?.at(-1)?.name ?? "…"}”`;

  const plan = (to: number) => {
    setText(localText(to));
    setPlanned(undefined);
    setBusy("planning");
    run(async () => {
      try {
        const { signal } = new AbortController();
        setPlanned({ to, plan: await readRewindPlan(connection.history, { scope, to, date: today(), signal }) });
      } finally {
        setBusy(undefined);
      }
    });
  };
  const rewind = ({ plan: { steps }, to }: Planned) => {
    setBusy("rewinding");
    run(async () => {
      const before = Date.now();
      try {
        const left = await carryOut(steps, {
          edge: connection.edge,
          newOpId,
          date: today(),
          signal: new AbortController().signal,
          onProgress: (count, total) => setDone({ done: count, total }),
          onChange: (change) => library.learnChanges([change]),
        });
        if (left.length > 0) sayFault(`${countText(left.length, "step")} could not be done: something else changed meanwhile.`);
        say(`Rewound ${where} to ${momentText(to)}.`, { label: "Take it back", run: () => plan(before) });
        setPlanned(undefined);
      } finally {
        setBusy(undefined);
        setDone(undefined);
      }
    });
  };

  return (
    <Page
      title="Rewind"
      intro={`Take ${where} back to how it was at a moment of the last 30 days. You see what would change first. A rewind loses nothing, and can be rewound itself.`}
    >
      <form
        className="card rewind"
        onSubmit={(event) => {
          event.preventDefault();
          plan(Date.parse(text));
        }}
      >
        <div className="rewind__choices" role="group" aria-label="Moments">
          {choices.map(([label, ago]) => (
            <button key={label} type="button" className="button" onClick={() => plan(Date.now() - ago)}>
              {label}
            </button>
          ))}
        </div>
        <div className="rewind__exact">
          <Field
            label="Moment"
            type="datetime-local"
            value={text}
            max={localText(Date.now())}
            onChange={(event) => setText(event.target.value)}
          />
          <button type="submit" className="button button--primary" disabled={busy !== undefined || Number.isNaN(Date.parse(text))}>
            <History size={16} aria-hidden />
            {busy === "planning" ? "Looking…" : "Show what would change"}
          </button>
        </div>
      </form>
      <div aria-live="polite">
        {planned !== undefined && (
          <Plan
            planned={planned}
            isBusy={busy === "rewinding"}
            done={done}
            onGo={() => rewind(planned)}
            onLeave={() => setPlanned(undefined)}
          />
        )}
      </div>
    </Page>
  );
}

type PlanProps = {
  readonly planned: Planned;
  readonly isBusy: boolean;
  readonly done: { readonly done: number; readonly total: number } | undefined;
  readonly onGo: () => void;
  readonly onLeave: () => void;
};

function Plan({ planned: { plan, to }, isBusy, done, onGo, onLeave }: PlanProps) {
  const { counts, steps, lost, paths } = plan;
  if (steps.length === 0)
    return (
      <section className="card">
        <h2>Nothing would change</h2>
        <p className="muted">It is as it was on {momentText(to)}.</p>
      </section>
    );
  const facts = [
    [counts.restored, "restored"],
    [counts.moved, "moved back"],
    [counts.changed, "with older content"],
    [counts.removed, "moved to the trash"],
  ] as const;
  const seen = steps.filter((step) => !("aside" in step && step.aside)).slice(0, shownSteps);
  return (
    <section className="card plan" aria-label="What would change">
      <h2>Back to {momentText(to)}</h2>
      <ul className="plan__counts">
        {facts
          .filter(([count]) => count > 0)
          .map(([count, what]) => (
            <li key={what}>
              <strong className="number">{count.toLocaleString()}</strong> {what}
            </li>
          ))}
        {counts.bytes > 0 && <li className="muted">{bytesText(counts.bytes)} of content</li>}
      </ul>
      {lost.length > 0 && (
        <p className="notice">
          <TriangleAlert size={18} aria-hidden />
          {countText(lost.length, "file")} of that moment {lost.length === 1 ? "is" : "are"} no longer kept.
        </p>
      )}
      <ul className="plan__steps" tabIndex={0} aria-label="Steps">
        {seen.map((step, index) => (
          <li key={index}>
            <span className="tag">{wordOf(step)}</span>
            <span className="truncate">{paths.get(step.node)}</span>
          </li>
        ))}
        {steps.length > seen.length && <li className="muted">and {countText(steps.length - seen.length, "more", "more")}</li>}
      </ul>
      <div className="dialog__actions">
        <button type="button" className="button" disabled={isBusy} onClick={onLeave}>
          Leave it
        </button>
        <button type="button" className="button button--primary" disabled={isBusy} onClick={onGo}>
          {isBusy ? `Rewinding… ${done === undefined ? "" : `${done.done} of ${done.total}`}` : "Rewind"}
        </button>
      </div>
    </section>
  );
}

const words = { restore: "Restore", move: "Move back", update: "Older content", delete: "To the trash" } as const;
const wordOf = (step: Step): string => words[step.do];
