import { parsed } from "@ashlar/client/edge/caller";
import { type Insights, insightsSchema } from "@ashlar/shared/protocol/insights";
import type { ReactNode } from "react";
import { useCallback } from "react";
import { useApp } from "../shell/context.ts";
import { bytesText, countText, dayText } from "../ui/format.ts";
import { Answered, Page } from "../ui/page.tsx";
import { useAsked } from "../ui/use-asked.ts";
import { BarList } from "./bar-list.tsx";
import { Bars } from "./bars.tsx";
import { byDay, byDevice, latencyBuckets, latencyMedianText } from "./figures.ts";

/** Pictures of numbers that stand beside them as text: nobody has to see a picture to know. */
export function InsightsPage() {
  const { connection } = useApp();
  const { asked, again } = useAsked(
    useCallback(
      async (signal: AbortSignal) => {
        const path = "/v1/insights";
        return parsed(insightsSchema, path, await connection.call({ method: "GET", path, signal }));
      },
      [connection],
    ),
  );
  return (
    <Page title="Insights" intro="What you keep, and what it took to keep it the same everywhere, in the last 30 days.">
      <Answered asked={asked} again={again}>
        {(insights) => (
          <>
            <Storage insights={insights} />
            <Sent insights={insights} />
            <Activity insights={insights} />
            <Push insights={insights} />
          </>
        )}
      </Answered>
    </Page>
  );
}

function Storage({ insights: { usage } }: { readonly insights: Insights }) {
  const tiles: readonly (readonly [string, number, string])[] = [
    ["Your files", usage.current.bytes, `${countText(usage.current.files, "file")} in ${countText(usage.current.folders, "folder")}`],
    ["History", usage.history.bytes, "Older versions and the trash"],
    ["Stored", usage.storedBytes, "What all of that takes"],
    ["Saved in storage", usage.saved.storedBytes, "Each block is kept once"],
    ["Not sent, known blocks", usage.saved.sentBytes.byBlocks, "They were there already"],
    ["Not sent, deltas", usage.saved.sentBytes.byDeltas, "Only what changed travelled"],
  ];
  return (
    <section className="card" aria-labelledby="storage">
      <h2 id="storage">Storage</h2>
      <dl className="tiles">
        {tiles.map(([label, bytes, hint]) => (
          <div key={label} className="tile">
            <dt>{label}</dt>
            <dd>
              <strong className="number">{bytesText(bytes)}</strong>
              <span className="muted">{hint}</span>
            </dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

function Sent({ insights }: { readonly insights: Insights }) {
  const days = byDay(insights);
  return (
    <section className="card" aria-labelledby="sent">
      <h2 id="sent">Sent per day</h2>
      {days.length === 0 ? (
        <p className="muted">Nothing was sent in the last 30 days.</p>
      ) : (
        <>
          <p className="muted">The same changes in three ways: as whole files, as blocks that were new, and as they really travelled.</p>
          <Bars
            label="Bytes sent per day"
            labels={days.map(({ day }) => dayText(day))}
            series={[
              { name: "Whole files", colour: "--whole", values: days.map(({ fileBytes }) => fileBytes) },
              { name: "New blocks", colour: "--folder", values: days.map(({ blockBytes }) => blockBytes) },
              { name: "Sent", colour: "--good", values: days.map(({ sentBytes }) => sentBytes) },
            ]}
            text={bytesText}
          />
          <Numbers
            head={["Day", "Whole files", "New blocks", "Sent"]}
            rows={days.map(({ day, fileBytes, blockBytes, sentBytes }) => [
              dayText(day),
              bytesText(fileBytes),
              bytesText(blockBytes),
              bytesText(sentBytes),
            ])}
          />
        </>
      )}
    </section>
  );
}

function Activity({ insights }: { readonly insights: Insights }) {
  const devices = byDevice(insights);
  return (
    <section className="card" aria-labelledby="activity">
      <h2 id="activity">Changes by device</h2>
      {devices.length === 0 ? (
        <p className="muted">Nothing was changed in the last 30 days.</p>
      ) : (
        <>
          <BarList
            label="Commits by device"
            bars={devices.map(({ name, commits }) => ({ name, value: commits, text: countText(commits, "commit") }))}
          />
          <Numbers
            head={["Device", "Commits", "Sent"]}
            rows={devices.map(({ name, commits, sentBytes }) => [name, commits.toLocaleString(), bytesText(sentBytes)])}
          />
        </>
      )}
    </section>
  );
}

function Push({ insights }: { readonly insights: Insights }) {
  const buckets = latencyBuckets(insights);
  const total = buckets.reduce((sum, { count }) => sum + count, 0);
  return (
    <section className="card" aria-labelledby="push">
      <h2 id="push">How quickly changes arrive</h2>
      {total === 0 ? (
        <p className="muted">No other device has told of a change that it received in the last 30 days.</p>
      ) : (
        <>
          <p className="muted">
            From the acknowledgement of a change until another device has it: half of {countText(total, "change")} within{" "}
            {latencyMedianText(buckets)}.
          </p>
          <Bars
            label="Changes by the time they took"
            labels={buckets.map(({ label }) => label)}
            series={[{ name: "Changes", colour: "--audio", values: buckets.map(({ count }) => count) }]}
            isCount
            text={(value) => value.toLocaleString()}
          />
          <Numbers head={["Within", "Changes"]} rows={buckets.map(({ label, count }) => [label, count.toLocaleString()])} />
        </>
      )}
    </section>
  );
}

function Numbers({ head, rows }: { readonly head: readonly string[]; readonly rows: readonly (readonly ReactNode[])[] }) {
  return (
    <details className="numbers">
      <summary>The numbers</summary>
      <div className="numbers__scroll" tabIndex={0} role="region" aria-label={`Numbers: ${head.join(", ")}`}>
        <table>
          <thead>
            <tr>
              {head.map((cell) => (
                <th key={cell} scope="col">
                  {cell}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((row, index) => (
              <tr key={index}>
                {row.map((cell, column) => (
                  <td key={head[column]} className={column === 0 ? undefined : "number"}>
                    {cell}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  );
}
