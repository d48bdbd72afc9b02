/** A menu at a place, on a phone at the bottom; by keyboard like those of the system: arrows, Home, End, Enter, Escape. */
import type { LucideIcon } from "lucide-react";
import { type KeyboardEvent, useEffect, useLayoutEffect, useRef } from "react";

export type MenuItem =
  | { readonly type: "line"; readonly id: string }
  | {
      readonly type: "action";
      readonly id: string;
      readonly label: string;
      readonly icon: LucideIcon;
      readonly keys?: string;
      readonly isDanger?: boolean;
      readonly run: () => void;
    };

export type Point = { readonly x: number; readonly y: number };

type MenuProps = { readonly label: string; readonly at: Point; readonly items: readonly MenuItem[]; readonly onClose: () => void };

const edgePx = 8;

export function Menu({ label, at, items, onClose }: MenuProps) {
  const menu = useRef<HTMLDivElement>(null);

  useLayoutEffect(() => {
    const shown = menu.current;
    if (shown === null) return;
    // Above all else, whatever it stands in.
    if (!shown.matches(":popover-open")) shown.showPopover();
    const { width, height } = shown.getBoundingClientRect();
    shown.style.left = `${Math.max(edgePx, Math.min(at.x, innerWidth - width - edgePx))}px`;
    shown.style.top = `${Math.max(edgePx, Math.min(at.y, innerHeight - height - edgePx))}px`;
  }, [at]);

  useEffect(() => {
    const before = document.activeElement;
    buttonsOf(menu.current)[0]?.focus();
    const close = (event: Event) => {
      if (event.target instanceof Node && menu.current?.contains(event.target) === true) return;
      onClose();
    };
    document.addEventListener("pointerdown", close, true);
    window.addEventListener("blur", onClose);
    window.addEventListener("resize", onClose);
    return () => {
      document.removeEventListener("pointerdown", close, true);
      window.removeEventListener("blur", onClose);
      window.removeEventListener("resize", onClose);
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, [onClose]);

  const onKeyDown = (event: KeyboardEvent) => {
    event.stopPropagation();
    const buttons = buttonsOf(menu.current);
    const index = buttons.findIndex((button) => button === document.activeElement);
    const goTo = (next: number) => {
      event.preventDefault();
      buttons.at(next % buttons.length)?.focus();
    };
    if (event.key === "ArrowDown") goTo(index + 1);
    else if (event.key === "ArrowUp") goTo(index <= 0 ? -1 : index - 1);
    else if (event.key === "Home") goTo(0);
    else if (event.key === "End") goTo(-1);
    else if (event.key === "Escape" || event.key === "Tab") {
      event.preventDefault();
      onClose();
    }
  };

  return (
    <div
      ref={menu}
      className="menu"
      popover="manual"
      role="menu"
      tabIndex={-1}
      aria-label={label}
      onKeyDown={onKeyDown}
      onClick={(event) => {
        // Beside the items; on a phone that is all of the window.
        if (event.target === event.currentTarget) onClose();
      }}
    >
      <div className="menu__title truncate" aria-hidden>
        {label}
      </div>
      {items.map((item) =>
        item.type === "line" ? (
          <hr className="menu__line" key={item.id} />
        ) : (
          <button
            key={item.id}
            type="button"
            role="menuitem"
            tabIndex={-1}
            className={item.isDanger === true ? "menu__item menu__item--danger" : "menu__item"}
            onClick={() => {
              onClose();
              item.run();
            }}
          >
            <item.icon size={16} aria-hidden />
            {item.label}
            {item.keys !== undefined && (
              <span className="menu__key" aria-hidden>
                {item.keys}
              </span>
            )}
          </button>
        ),
      )}
    </div>
  );
}

const buttonsOf = (menu: HTMLElement | null): HTMLButtonElement[] => [...(menu?.querySelectorAll("button") ?? [])];
