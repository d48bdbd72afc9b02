import { rootId, type NodeId } from "@ashlar/shared/ids";
import { ArrowLeft, ChevronRight, Ellipsis, Folder } from "lucide-react";
import { type DragEvent, Fragment, useCallback, useState } from "react";
import { Link, useLocation } from "wouter";
import type { Entry } from "../library/entry.ts";
import { Menu, type Point } from "../ui/menu.tsx";
import { useMediaQuery } from "../ui/use-media-query.ts";

export const folderPath = (node: NodeId): string => (node === rootId ? "/" : `/f/${node}`);

type BreadcrumbsProps = {
  readonly chain: readonly Entry[] | undefined;
  readonly isGone: boolean;
  readonly canDrop: (event: DragEvent) => boolean;
  readonly onDrop: (event: DragEvent, folder: NodeId) => void;
};
type Crumb = { readonly node: NodeId; readonly name: string };

/** Of more folders above, those between the first and the last are in a menu: what is shown can be read. */
const shownMax = 3;

/** Where one is. Each folder above takes what is dropped on it. */
export function Breadcrumbs({ chain, isGone, canDrop, onDrop }: BreadcrumbsProps) {
  const isNarrow = useMediaQuery("(max-width: 720px)");
  const here = chain?.at(-1);
  const above: readonly Crumb[] =
    chain !== undefined && here === undefined ? [] : [{ node: rootId, name: "Files" }, ...(chain ?? []).slice(0, -1)];
  const hidden = above.length < shownMax ? [] : above.slice(1, -1);
  const up = above.at(-1);
  const title = isGone ? "Deleted folder" : chain === undefined ? "…" : (here?.name ?? "Files");
  return (
    <nav className="crumbs" aria-label="Folders above">
      <ol>
        {isNarrow
          ? up !== undefined && (
              <li>
                <Link href={folderPath(up.node)} className="icon-button crumbs__up" aria-label={`Up to ${up.name}`}>
                  <ArrowLeft size={19} aria-hidden />
                </Link>
              </li>
            )
          : above.map(({ node, name }, index) => {
              const isHidden = hidden.some((one) => one.node === node);
              if (isHidden && index > 1) return null;
              return (
                <Fragment key={node}>
                  <li className={index === 0 || isHidden ? "crumbs__item crumbs__item--whole" : "crumbs__item"}>
                    {isHidden ? (
                      <Between folders={hidden} />
                    ) : (
                      <Link
                        href={folderPath(node)}
                        className="truncate"
                        onDragOver={(event: DragEvent) => {
                          if (canDrop(event)) event.preventDefault();
                        }}
                        onDrop={(event: DragEvent) => {
                          event.preventDefault();
                          event.stopPropagation();
                          onDrop(event, node);
                        }}
                      >
                        {name}
                      </Link>
                    )}
                  </li>
                  <li aria-hidden className="crumbs__gap">
                    <ChevronRight size={16} />
                  </li>
                </Fragment>
              );
            })}
        <li className="crumbs__item crumbs__item--here">
          <h1 className="truncate" aria-current="page" title={title}>
            {title}
          </h1>
        </li>
      </ol>
    </nav>
  );
}

function Between({ folders }: { readonly folders: readonly Crumb[] }) {
  const [, navigate] = useLocation();
  const [at, setAt] = useState<Point>();
  const close = useCallback(() => setAt(undefined), []);
  return (
    <>
      <button
        type="button"
        className="icon-button"
        aria-label="Folders between"
        aria-haspopup="menu"
        onClick={({ currentTarget }) => {
          const { left, bottom } = currentTarget.getBoundingClientRect();
          setAt({ x: left, y: bottom + 4 });
        }}
      >
        <Ellipsis size={18} aria-hidden />
      </button>
      {at !== undefined && (
        <Menu
          label="Folders between"
          at={at}
          onClose={close}
          items={folders.map(({ node, name }) => ({
            type: "action",
            id: node,
            label: name,
            icon: Folder,
            run: () => navigate(folderPath(node)),
          }))}
        />
      )}
    </>
  );
}
