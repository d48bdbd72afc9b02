import { rootId, type NodeId } from "@ashlar/shared/ids";
import { ChevronRight } from "lucide-react";
import { type DragEvent, Fragment } from "react";
import { Link } from "wouter";
import type { Entry } from "../library/entry.ts";

export const folderPath = (node: NodeId): string => (node === rootId ? "/" : `/f/${node}`);

type BreadcrumbsProps = {
  readonly chain: readonly Entry[] | undefined;
  readonly canDrop: (event: DragEvent) => boolean;
  readonly onDrop: (event: DragEvent, folder: NodeId) => void;
};

/** Where one is. Each folder above takes what is dropped on it. */
export function Breadcrumbs({ chain, canDrop, onDrop }: BreadcrumbsProps) {
  const crumbs = [{ node: rootId, name: "Files" }, ...(chain ?? [])];
  return (
    <nav className="crumbs" aria-label="Folders above">
      <ol>
        {crumbs.map(({ node, name }, index) => (
          <Fragment key={node}>
            {index > 0 && (
              <li aria-hidden className="crumbs__gap">
                <ChevronRight size={16} />
              </li>
            )}
            <li className="crumbs__item">
              {index === crumbs.length - 1 && chain !== undefined ? (
                <h1 className="truncate" aria-current="page">
                  {name}
                </h1>
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
          </Fragment>
        ))}
        {chain === undefined && (
          <li className="crumbs__item">
            <h1>…</h1>
          </li>
        )}
      </ol>
    </nav>
  );
}
