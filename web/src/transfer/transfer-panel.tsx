import { Check, ChevronDown, ChevronUp, CircleAlert, FileUp, Pause, Play, RotateCw, X } from "lucide-react";
import { useRef, useState } from "react";
import { useStore } from "../platform/store.ts";
import { useApp } from "../shell/context.ts";
import { bytesText, countText } from "../ui/format.ts";
import { run } from "../ui/run.ts";
import { isActive, type Transfer } from "./transfers.ts";

/** As many as anybody reads; the total tells of the rest. */
const rowsMax = 60;

/** What needs a person first, then what moves, then what is done. */
const order: Readonly<Record<Transfer["state"], number>> = { failed: 0, interrupted: 0, sending: 1, paused: 2, waiting: 3, done: 4 };

export function TransferPanel() {
  const { transfers } = useApp();
  const list = useStore(transfers.list);
  const [isOpen, setOpen] = useState(true);
  if (list.length === 0) return null;
  const idsOf = (is: (transfer: Transfer) => boolean) => list.filter(is).map(({ id }) => id);
  const active = idsOf(isActive);
  const resting = idsOf(({ state }) => state === "paused" || state === "failed");
  const bytes = list.reduce((sum, { size }) => sum + size, 0);
  const sent = list.reduce((sum, transfer) => sum + Math.min(transfer.sent, transfer.size), 0);
  const over = list.some(({ state }) => state === "done" || state === "failed");
  const rows = list.toSorted((a, b) => order[a.state] - order[b.state]).slice(0, rowsMax);
  const percent = bytes === 0 ? 100 : Math.floor((sent / bytes) * 100);
  return (
    <section className="transfers" aria-label="Uploads">
      <header className="transfers__head">
        <h2>
          <span role="status">{summaryOf(list)}</span>
        </h2>
        {active.length > 0 && (
          <button type="button" className="icon-button" aria-label="Pause all" title="Pause all" onClick={() => transfers.pause(active)}>
            <Pause size={16} aria-hidden />
          </button>
        )}
        {active.length === 0 && resting.length > 0 && (
          <button
            type="button"
            className="icon-button"
            aria-label="Resume all"
            title="Resume all"
            onClick={() => run(() => transfers.resume(resting))}
          >
            <Play size={16} aria-hidden />
          </button>
        )}
        <button
          type="button"
          className="icon-button"
          aria-label={isOpen ? "Show less" : "Show more"}
          aria-expanded={isOpen}
          onClick={() => setOpen(!isOpen)}
        >
          {isOpen ? <ChevronDown size={16} aria-hidden /> : <ChevronUp size={16} aria-hidden />}
        </button>
        <button
          type="button"
          className="icon-button"
          aria-label={active.length > 0 ? "Cancel all" : "Close"}
          onClick={() =>
            active.length > 0 ? transfers.cancel(idsOf(({ state }) => state !== "done")) : transfers.cancel(list.map(({ id }) => id))
          }
        >
          <X size={16} aria-hidden />
        </button>
      </header>
      {list.some((transfer) => isActive(transfer) || transfer.state === "paused") && (
        <div className="transfers__total">
          <div className="bar" role="progressbar" aria-label="All uploads" aria-valuemin={0} aria-valuemax={100} aria-valuenow={percent}>
            <div className="bar__fill" style={{ width: `${percent}%` }} />
          </div>
          <p className="muted number">
            {bytesText(sent)} of {bytesText(bytes)}
          </p>
        </div>
      )}
      {isOpen && (
        <ul className="transfers__list">
          {rows.map((transfer) => (
            <Row key={transfer.id} transfer={transfer} />
          ))}
          {list.length > rows.length && (
            <li className="muted transfers__more">and {countText(list.length - rows.length, "more", "more")}</li>
          )}
        </ul>
      )}
      {isOpen && over && active.length === 0 && (
        <button type="button" className="button button--plain transfers__clear" onClick={() => transfers.clear()}>
          Clear the list
        </button>
      )}
    </section>
  );
}

function summaryOf(list: readonly Transfer[]): string {
  const failed = list.filter(({ state }) => state === "failed").length;
  const moving = list.filter(isActive).length;
  const waits = list.filter(({ state }) => state === "interrupted").length;
  if (moving > 0) return `Uploading ${countText(moving, "file")}`;
  if (failed > 0) return `${countText(failed, "upload")} failed`;
  if (waits > 0) return `${countText(waits, "upload")} interrupted`;
  if (list.some(({ state }) => state === "paused")) return "Uploads paused";
  return `${countText(list.length, "file")} uploaded`;
}

function Row({ transfer }: { readonly transfer: Transfer }) {
  const { transfers } = useApp();
  const input = useRef<HTMLInputElement>(null);
  const { id, name, size, sent, state, why } = transfer;
  const percent = size === 0 ? 0 : Math.min(100, Math.floor((sent / size) * 100));
  const resume = () => run(() => transfers.resume([id]));
  return (
    <li className="transfer" data-state={state}>
      <StateIcon state={state} />
      <div className="transfer__text">
        <span className="truncate" title={name}>
          {name}
        </span>
        {state === "sending" ? (
          <div className="bar" role="progressbar" aria-label={name} aria-valuemin={0} aria-valuemax={100} aria-valuenow={percent}>
            <div className="bar__fill" style={{ width: `${percent}%` }} />
          </div>
        ) : (
          <span className="transfer__why">
            {why ?? { waiting: "Waiting", paused: "Paused", done: bytesText(size), failed: "Failed", interrupted: "Interrupted" }[state]}
          </span>
        )}
      </div>
      {state === "sending" && (
        <button type="button" className="icon-button" aria-label={`Pause ${name}`} onClick={() => transfers.pause([id])}>
          <Pause size={15} aria-hidden />
        </button>
      )}
      {(state === "paused" || (state === "interrupted" && transfer.handle !== undefined)) && (
        <button type="button" className="icon-button" aria-label={`Resume ${name}`} onClick={resume}>
          <Play size={15} aria-hidden />
        </button>
      )}
      {state === "failed" && (
        <button type="button" className="icon-button" aria-label={`Try ${name} again`} onClick={resume}>
          <RotateCw size={15} aria-hidden />
        </button>
      )}
      {state === "interrupted" && transfer.handle === undefined && (
        <>
          <button type="button" className="icon-button" aria-label={`Choose ${name} again`} onClick={() => input.current?.click()}>
            <FileUp size={15} aria-hidden />
          </button>
          <input
            ref={input}
            type="file"
            hidden
            data-upload="again"
            onChange={(event) => {
              const chosen = [...(event.target.files ?? [])];
              run(() => transfers.resume([id], chosen));
            }}
          />
        </>
      )}
      {state !== "done" && (
        <button type="button" className="icon-button" aria-label={`Cancel ${name}`} onClick={() => transfers.cancel([id])}>
          <X size={15} aria-hidden />
        </button>
      )}
    </li>
  );
}

function StateIcon({ state }: { readonly state: Transfer["state"] }) {
  if (state === "done") return <Check size={17} className="transfer__done" aria-label="Done" />;
  if (state === "failed" || state === "interrupted") return <CircleAlert size={17} className="transfer__fault" aria-hidden />;
  return <FileUp size={17} className="muted" aria-hidden />;
}
