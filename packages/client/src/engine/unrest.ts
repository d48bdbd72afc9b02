/** Folders in which something happened, as their watches told, until it is quiet there. */
import { settleMs, settleMsMax } from "@ashlar/shared/limits";
import type { RelativePath } from "../ports.ts";

type Span = { readonly firstMs: number; readonly lastMs: number };

export class Unrest {
  readonly #spans = new Map<RelativePath, Span>();

  tell(path: RelativePath, nowMs: number): void {
    this.#spans.set(path, { firstMs: this.#spans.get(path)?.firstMs ?? nowMs, lastMs: nowMs });
  }

  get isOver(): boolean {
    return this.#spans.size === 0;
  }

  /** When the next folder is quiet, ms since 1970. */
  get settledMs(): number {
    let nextMs = Infinity;
    for (const span of this.#spans.values()) nextMs = Math.min(nextMs, settledMs(span));
    return nextMs;
  }

  /** Those that are quiet: they are told of no more. */
  take(nowMs: number): RelativePath[] {
    const settled = [...this.#spans].filter(([, span]) => settledMs(span) <= nowMs).map(([path]) => path);
    for (const path of settled) this.#spans.delete(path);
    return settled;
  }

  /** All of them, quiet or not. */
  takeAll(): RelativePath[] {
    const paths = [...this.#spans.keys()];
    this.#spans.clear();
    return paths;
  }

  /** A folder, with all below it, stands elsewhere: there is to be looked at what happened in it. */
  moved(from: RelativePath, to: RelativePath): void {
    const inside = [...this.#spans].filter(([path]) => path === from || path.startsWith(`${from}/`));
    for (const [path, span] of inside) {
      this.#spans.delete(path);
      this.#spans.set(to + path.slice(from.length), span);
    }
  }
}

function settledMs({ firstMs, lastMs }: Span): number {
  return Math.min(lastMs + settleMs, firstMs + settleMsMax);
}
