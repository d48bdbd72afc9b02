import { planRestore } from "@ashlar/client/history/restore";
import { carryOut } from "@ashlar/client/history/carry-out";
import type { TrashPage as Trash } from "@ashlar/shared/protocol/history";
import { RotateCcw, Trash2 } from "lucide-react";
import { useCallback, useEffect, useState } from "react";
import { KindIcon } from "../files/kind-icon.tsx";
import { conflictText } from "../library/conflicts.ts";
import { newOpId } from "../platform/random.ts";
import { useStore } from "../platform/store.ts";
import { useApp } from "../shell/context.ts";
import { Empty } from "../ui/empty.tsx";
import { agoText, bytesText, countText } from "../ui/format.ts";
import { Answered, Page } from "../ui/page.tsx";
import { run } from "../ui/run.ts";
import { say, sayFault } from "../ui/toasts.tsx";
import { useAsked } from "../ui/use-asked.ts";

type Item = Trash["items"][number];

export function TrashPage() {
  const { connection, library } = useApp();
  const [more, setMore] = useState<{ items: readonly Item[]; next: number | null }>();
  const [gone, setGone] = useState<ReadonlySet<string>>(new Set());
  const { asked, again } = useAsked(useCallback((signal: AbortSignal) => connection.history.trash(null, signal), [connection]));
  const news = useStore(library.news);
  useEffect(() => {
    if (news.length > 0) again();
  }, [news, again]);

  const restore = (item: Item) =>
    run(async () => {
      const { signal } = new AbortController();
      setGone((before) => new Set([...before, item.node]));
      try {
        const { chain } = await connection.history.find(item.path, signal);
        const found = chain.at(-1)?.node === item.node ? chain : [...chain.slice(0, -1), item];
        const plan = await planRestore(connection.history, found, signal);
        const left = await carryOut(plan.steps, {
          edge: connection.edge,
          newOpId,
          date: new Date().toISOString().slice(0, 10),
          signal,
          onChange: (change) => library.learnChanges([change]),
        });
        const fault = left.find(({ step }) => step.node === item.node);
        if (fault !== undefined) sayFault(conflictText(fault.reason, item.name));
        else if (left.length > 0) sayFault(`${countText(left.length, "item")} in “${item.name}” could not be restored.`);
        else say(`Restored “${item.name}”.`);
      } finally {
        setGone((before) => new Set([...before].filter((node) => node !== item.node)));
        again();
      }
    });

  return (
    <Page title="Trash" intro="What was deleted on any device. It is kept for 30 days, and does not count towards your space.">
      <Answered asked={asked} again={again}>
        {(first) => {
          const items = [...first.items, ...(more?.items ?? [])].filter(({ node }) => !gone.has(node));
          const next = more === undefined ? first.next : more.next;
          if (items.length === 0)
            return (
              <Empty icon={Trash2} title="The trash is empty">
                Whatever is deleted, here or on another device, can be restored from here.
              </Empty>
            );
          return (
            <>
              <ul className="rows rows--page">
                {items.map((item) => (
                  <li key={item.node} className="rows__item">
                    <KindIcon entry={item} />
                    <div className="rows__text">
                      <span className="rows__title truncate">{item.name}</span>
                      <span className="muted truncate number">
                        {whereOf(item)} · {item.kind === "folder" ? "" : `${bytesText(item.size)} · `}
                        {item.deletedAt === null ? "" : agoText(item.deletedAt, Date.now())}, {item.deviceName ?? "a device that is gone"}
                      </span>
                    </div>
                    <button type="button" className="button" aria-label={`Restore ${item.name}`} onClick={() => restore(item)}>
                      <RotateCcw size={15} aria-hidden />
                      Restore
                    </button>
                  </li>
                ))}
              </ul>
              {next !== null && (
                <button
                  type="button"
                  className="button page__more"
                  onClick={() =>
                    run(async () => {
                      const page = await connection.history.trash(next);
                      setMore({ items: [...(more?.items ?? []), ...page.items], next: page.next });
                    })
                  }
                >
                  Show older
                </button>
              )}
            </>
          );
        }}
      </Answered>
    </Page>
  );
}

function whereOf({ deletedPath }: Item): string {
  const folder = deletedPath.split("/").slice(0, -1).join("/");
  return folder === "" ? "Files" : folder;
}
