import { parsed } from "@ashlar/client/edge/caller";
import { searchCharsMax } from "@ashlar/shared/limits";
import { searchSchema } from "@ashlar/shared/protocol/search";
import { Search, SearchX, X } from "lucide-react";
import { type Ref, useEffect, useState } from "react";
import { type Entry, entryOf } from "../library/entry.ts";
import { compareNames } from "../library/sorting.ts";
import { systemClock } from "../platform/clock.ts";
import { useStore } from "../platform/store.ts";
import { useApp } from "../shell/context.ts";
import { Empty, Spinner } from "../ui/empty.tsx";
import { countText } from "../ui/format.ts";
import { messageOf } from "../ui/run.ts";
import { FileList, type ListDeeds } from "./file-list.tsx";
import { foundItems } from "./file-menu.ts";
import { type Found, foundMax, keepFinding } from "./finding.ts";
import { nothing, type Selection } from "./selection.ts";

type SearchBoxProps = { readonly value: string; readonly onChange: (value: string) => void; readonly ref: Ref<HTMLInputElement> };

export function SearchBox({ value, onChange, ref }: SearchBoxProps) {
  return (
    <div className="search" role="search">
      <Search size={16} aria-hidden />
      <input
        ref={ref}
        type="search"
        className="search__input"
        aria-label="Search all files by name"
        placeholder="Search"
        maxLength={searchCharsMax}
        value={value}
        onChange={(event) => onChange(event.target.value)}
        onKeyDown={(event) => {
          if (event.key !== "Escape") return;
          onChange("");
          event.currentTarget.blur();
        }}
      />
      {value === "" ? (
        <kbd aria-hidden>/</kbd>
      ) : (
        <button type="button" className="icon-button search__clear" aria-label="Clear the search" onClick={() => onChange("")}>
          <X size={14} aria-hidden />
        </button>
      )}
    </div>
  );
}

type SearchResultsProps = { readonly query: string; readonly does: (entries: readonly Entry[]) => ListDeeds };

export function SearchResults({ query, does }: SearchResultsProps) {
  const { library } = useApp();
  const { found, fault } = useFound(query);
  const [selection, setSelection] = useState<Selection>(nothing);
  // What was found may have got another name since, or be gone.
  useStore(library.revision);
  const entries = (found?.entries ?? []).flatMap((entry) => library.latest(entry) ?? []).toSorted(inOrderFor(query));

  const body = () => {
    if (fault !== undefined)
      return (
        <Empty icon={SearchX} title="The search did not work">
          {fault}
        </Empty>
      );
    if (found === undefined || (entries.length === 0 && !found.isWhole)) return <Spinner label="Searching" />;
    if (entries.length === 0)
      return (
        <Empty icon={SearchX} title={`Nothing is called “${query}”`}>
          The search looks at the names of all your files and folders. What was deleted is in the trash.
        </Empty>
      );
    return (
      <FileList
        label={`Found for ${query}`}
        entries={entries}
        selection={selection}
        onSelect={setSelection}
        does={does(entries)}
        itemsOf={foundItems}
        whereOf={({ node }) => (found.paths.get(node) ?? "").split("/").slice(0, -1).join("/") || "Files"}
      />
    );
  };
  return (
    <>
      <section className="files__list" aria-label="Search results">
        {body()}
      </section>
      <p className="files__foot muted number" role="status">
        {found === undefined ? "Searching…" : `${countText(entries.length, "item")} found`}
        {found !== undefined && found.entries.length >= foundMax && ": a longer word finds fewer"}
      </p>
    </>
  );
}

/** What begins so comes first; then by name. */
function inOrderFor(query: string): (a: Entry, b: Entry) => number {
  const wanted = query.toLowerCase();
  const rank = ({ name }: Entry) => (name.toLowerCase().startsWith(wanted) ? 0 : 1);
  return (a, b) => rank(a) - rank(b) || compareNames(a.name, b.name) || (a.node < b.node ? -1 : 1);
}

function useFound(query: string): { readonly found: Found | undefined; readonly fault: string | undefined } {
  const { connection, library } = useApp();
  const [found, setFound] = useState<Found>();
  const [fault, setFault] = useState<string>();
  useEffect(() => {
    const stop = new AbortController();
    const { signal } = stop;
    const fail = (error: unknown) => {
      if (!signal.aborted) setFault(messageOf(error));
    };
    setFault(undefined);
    keepFinding({
      ask: async (after) => {
        const path = `/v1/search?q=${encodeURIComponent(query)}${after === null ? "" : `&after=${encodeURIComponent(after)}`}`;
        const page = parsed(searchSchema, path, await connection.call({ method: "GET", path, signal }));
        library.learnEntries(page.items.map(entryOf));
        return page;
      },
      show: (next) => {
        setFault(undefined);
        setFound(next);
      },
      fail,
      commits: library.commits,
      clock: systemClock,
      signal,
    }).catch(fail);
    return () => stop.abort();
  }, [connection, library, query]);
  return { found, fault };
}
