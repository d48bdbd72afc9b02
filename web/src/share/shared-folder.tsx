import type { SharedNode } from "@ashlar/shared/protocol/share";
import { ChevronRight, Download, FolderOpen } from "lucide-react";
import { useCallback, useState } from "react";
import { KindIcon } from "../files/kind-icon.tsx";
import { compareNames } from "../library/sorting.ts";
import { Empty } from "../ui/empty.tsx";
import { bytesText, dateText } from "../ui/format.ts";
import { Answered } from "../ui/page.tsx";
import { useAsked } from "../ui/use-asked.ts";
import type { Guest } from "./ticket.ts";

/** Rows on a page; a longer folder shows more when it is asked to. */
const rowsStep = 500;

type SharedFolderProps = {
  readonly guest: Guest;
  readonly onShow: (file: SharedNode, among: readonly SharedNode[]) => void;
  readonly onDownload: (node: SharedNode) => void;
};

export function SharedFolder({ guest, onShow, onDownload }: SharedFolderProps) {
  const [chain, setChain] = useState<readonly SharedNode[]>([guest.opened.root]);
  const [rowsMax, setRowsMax] = useState(rowsStep);
  const at = chain.at(-1) ?? guest.opened.root;
  const { asked, again } = useAsked(
    useCallback(
      async (signal: AbortSignal) => {
        const children: SharedNode[] = [];
        for (let after: string | null = null; ;) {
          const page = await guest.tree(at, after, signal);
          children.push(...page.children);
          after = page.next;
          if (after === null) break;
        }
        return children.toSorted((a, b) => Number(b.kind === "folder") - Number(a.kind === "folder") || compareNames(a.name, b.name));
      },
      [guest, at],
    ),
  );
  return (
    <>
      {chain.length > 1 && (
        <nav className="picker__crumbs" aria-label="Folders above">
          {chain.map((folder, index) => (
            <button
              key={folder.node}
              type="button"
              className="link-button"
              aria-current={index === chain.length - 1 ? "page" : undefined}
              onClick={() => setChain(chain.slice(0, index + 1))}
            >
              {folder.name === "" ? "All files" : folder.name}
            </button>
          ))}
        </nav>
      )}
      <Answered asked={asked} again={again}>
        {(children) =>
          children.length === 0 ? (
            <Empty icon={FolderOpen} title="This folder is empty" />
          ) : (
            <>
              <ul className="rows rows--page" aria-label={at.name}>
                {children.slice(0, rowsMax).map((child) => (
                  <li key={child.node} className="rows__item">
                    <KindIcon entry={child} />
                    <button
                      type="button"
                      className="rows__open"
                      onClick={() => (child.kind === "folder" ? setChain([...chain, child]) : onShow(child, children))}
                    >
                      <span className="rows__title truncate">{child.name}</span>
                      <span className="muted number">
                        {child.kind === "folder" ? "Folder" : `${bytesText(child.size)} · ${dateText(child.mtimeMs, Date.now())}`}
                      </span>
                    </button>
                    <button type="button" className="icon-button" aria-label={`Download ${child.name}`} onClick={() => onDownload(child)}>
                      <Download size={17} aria-hidden />
                    </button>
                    {child.kind === "folder" && <ChevronRight size={17} className="muted" aria-hidden />}
                  </li>
                ))}
              </ul>
              {children.length > rowsMax && (
                <button type="button" className="button page__more" onClick={() => setRowsMax(rowsMax + rowsStep)}>
                  Show more
                </button>
              )}
            </>
          )
        }
      </Answered>
    </>
  );
}
