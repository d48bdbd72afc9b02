import { parsed } from "@ashlar/client/edge/caller";
import { searchCharsMax } from "@ashlar/shared/limits";
import { type SearchPage, searchSchema } from "@ashlar/shared/protocol/search";
import { Search, SearchX, X } from "lucide-react";
import { type Ref, useCallback, useEffect, useState } from "react";
import { type Entry, entryOf } from "../library/entry.ts";
import { useApp } from "../shell/context.ts";
import { Empty, Spinner } from "../ui/empty.tsx";
import { countText } from "../ui/format.ts";
import { Menu, type Point } from "../ui/menu.tsx";
import { messageOf } from "../ui/run.ts";
import { FileGrid } from "./file-grid.tsx";
import { type FileDeeds, foundItems } from "./file-menu.ts";
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

type Found = { readonly entries: readonly Entry[]; readonly paths: ReadonlyMap<string, string>; readonly isWhole: boolean };
const typingMs = 180;
/** More than anybody reads: a longer word finds fewer. */
const foundMax = 500;

export function SearchResults({ query, does }: { readonly query: string; readonly does: FileDeeds }) {
  const { connection } = useApp();
  const [menuAt, setMenuAt] = useState<Point>();
  const closeMenu = useCallback(() => setMenuAt(undefined), []);
  const [found, setFound] = useState<Found>();
  const [fault, setFault] = useState<string>();
  const [selection, setSelection] = useState<Selection>(nothing);

  useEffect(() => {
    const stop = new AbortController();
    const look = async () => {
      const entries: Entry[] = [];
      const paths = new Map<string, string>();
      for (let after: string | null = null; ;) {
        const path: string = `/v1/search?q=${encodeURIComponent(query)}${after === null ? "" : `&after=${encodeURIComponent(after)}`}`;
        const page: SearchPage = parsed(searchSchema, path, await connection.call({ method: "GET", path, signal: stop.signal }));
        for (const item of page.items) {
          entries.push(entryOf(item));
          paths.set(item.node, item.path);
        }
        after = page.next;
        const isWhole = after === null;
        setFound({ entries: [...entries], paths, isWhole: isWhole || entries.length >= foundMax });
        if (isWhole || entries.length >= foundMax) return;
      }
    };
    const timer = setTimeout(() => {
      setFault(undefined);
      look().catch((error: unknown) => {
        if (!stop.signal.aborted) setFault(messageOf(error));
      });
    }, typingMs);
    return () => {
      clearTimeout(timer);
      stop.abort();
    };
  }, [connection, query]);

  const body = () => {
    if (fault !== undefined)
      return (
        <Empty icon={SearchX} title="The search did not work">
          {fault}
        </Empty>
      );
    if (found === undefined || (found.entries.length === 0 && !found.isWhole)) return <Spinner label="Searching" />;
    if (found.entries.length === 0)
      return (
        <Empty icon={SearchX} title={`Nothing is called “${query}”`}>
          The search looks at the names of all your files and folders. What was deleted is in the trash.
        </Empty>
      );
    return (
      <FileGrid
        label={`Found for ${query}`}
        entries={found.entries}
        selection={selection}
        onSelect={setSelection}
        onOpen={does.open}
        onMenu={setMenuAt}
        whereOf={({ node, name }) => (found.paths.get(node) ?? "").slice(0, -name.length - 1) || "Files"}
      />
    );
  };
  const selected = (found?.entries ?? []).filter(({ node }) => selection.selected.has(node));
  return (
    <>
      <section className="files__list" aria-label="Search results">
        {body()}
      </section>
      {menuAt !== undefined && selected.length > 0 && (
        <Menu label="What is selected" at={menuAt} items={foundItems(selected, does)} onClose={closeMenu} />
      )}
      <p className="files__foot muted number" role="status">
        {found === undefined ? "Searching…" : `${countText(found.entries.length, "item")} found`}
        {found !== undefined && found.entries.length >= foundMax && ": a longer word finds fewer"}
      </p>
    </>
  );
}
