/** Byte ranges (RFC 9110 section 14): one range; a list of ranges, or anything malformed, is ignored, as the RFC allows. */

export type Range = { readonly offset: number; readonly length?: number } | { readonly suffix: number };
export type Span = { readonly offset: number; readonly length: number };

export function parseRange(header: string | undefined): Range | undefined {
  const [, first = "", last = ""] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header?.trim() ?? "") ?? [];
  if (first === "" && last === "") return undefined;
  if (first === "") return { suffix: Number(last) };
  const offset = Number(first);
  if (last === "") return { offset };
  const length = Number(last) - offset + 1;
  return length < 1 ? undefined : { offset, length };
}

/** What the range means for content of that many bytes; undefined if it lies outside. */
export function spanOf(range: Range, size: number): Span | undefined {
  const offset = "suffix" in range ? Math.max(0, size - range.suffix) : range.offset;
  const wanted = "suffix" in range ? range.suffix : (range.length ?? size);
  const length = Math.min(wanted, size - offset);
  return length > 0 ? { offset, length } : undefined;
}
