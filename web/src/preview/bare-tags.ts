/**
 * Markup in Markdown keeps its tags and loses their attributes, before any parser sees it: Chromium reports a handler to the policy
 * of the page where nothing could run it. What is left is cleaned as all the rest. A tag that is never closed goes to the end, as for
 * a parser; each character is then looked at once, whatever the markup.
 */
export const bareTags = (markup: string): string =>
  markup.replaceAll(/<(script|style)\b.*?(<\/\1\s*>|$)|<!--.*?(-->|$)/gis, "").replaceAll(/<(\/?[a-z][a-z0-9]*)\b[^>]*(?:>|$)/gi, "<$1>");
