import { Ellipsis, X } from "lucide-react";
import { useCallback, useRef, useState } from "react";
import { countText } from "../ui/format.ts";
import { Menu, type MenuItem, type Point } from "../ui/menu.tsx";

type SelectionBarProps = { readonly count: number; readonly items: readonly MenuItem[]; readonly onClear: () => void };

const directIds = new Set(["share", "download", "move", "remove"]);

/** The same as in the menu, where a thumb or a mouse finds it. */
export function SelectionBar({ count, items, onClear }: SelectionBarProps) {
  const [at, setAt] = useState<Point>();
  const more = useRef<HTMLButtonElement>(null);
  const close = useCallback(() => setAt(undefined), []);
  return (
    <div className="selection-bar" role="toolbar" aria-label="What is selected">
      <button type="button" className="icon-button" aria-label="Select nothing" onClick={onClear}>
        <X size={18} aria-hidden />
      </button>
      <span className="selection-bar__count number">{countText(count, "item")}</span>
      {items.map((item) =>
        item.type === "line" || !directIds.has(item.id) ? null : (
          <button key={item.id} type="button" className="button button--plain" aria-label={item.label} onClick={item.run}>
            <item.icon size={17} aria-hidden />
            <span className="selection-bar__word">{item.label}</span>
          </button>
        ),
      )}
      <button
        ref={more}
        type="button"
        className="icon-button"
        aria-label="More"
        aria-haspopup="menu"
        onClick={() => {
          const box = more.current?.getBoundingClientRect();
          if (box !== undefined) setAt({ x: box.left, y: box.bottom + 4 });
        }}
      >
        <Ellipsis size={18} aria-hidden />
      </button>
      {at !== undefined && <Menu label={countText(count, "item")} at={at} items={items} onClose={close} />}
    </div>
  );
}
