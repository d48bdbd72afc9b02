import DOMPurify from "dompurify";
import { Marked } from "marked";
import { useCallback, useLayoutEffect, useRef } from "react";
import { Answered } from "../ui/page.tsx";
import { useAsked } from "../ui/use-asked.ts";
import { bareTags } from "./bare-tags.ts";
import { highlighted } from "./highlight.ts";
import { readText } from "./text.ts";

const markdownOf = new Marked({
  gfm: true,
  renderer: {
    // Boxes of a list of tasks as text: no element of a form comes from a file.
    checkbox: ({ checked }) => (checked ? "☑ " : "☐ "),
    html: ({ text }) => bareTags(text),
  },
});

export function MarkdownView({ url }: { readonly url: string }) {
  const { asked, again } = useAsked(
    useCallback(
      async (signal: AbortSignal) => {
        const part = await readText(url, signal);
        return cleaned(part?.text ?? "");
      },
      [url],
    ),
  );
  return (
    <Answered asked={asked} again={again}>
      {(content) => <Prose content={content} />}
    </Answered>
  );
}

function Prose({ content }: { readonly content: DocumentFragment }) {
  const place = useRef<HTMLElement>(null);
  useLayoutEffect(() => place.current?.replaceChildren(content.cloneNode(true)), [content]);
  return (
    <div className="preview__paper" tabIndex={0} role="region" aria-label="Text">
      <article ref={place} className="prose" />
    </div>
  );
}

/** Text and its structure only: nothing that runs, loads from elsewhere, looks like a form of this page, or styles it. */
function cleaned(markdown: string): DocumentFragment {
  const html = markdownOf.parse(markdown, { async: false });
  const fragment = DOMPurify.sanitize(html, {
    USE_PROFILES: { html: true },
    FORBID_TAGS: ["style", "form", "input", "button", "textarea", "select", "iframe", "img", "video", "audio", "source"],
    FORBID_ATTR: ["style", "id", "name"],
    RETURN_DOM_FRAGMENT: true,
  });
  for (const element of fragment.querySelectorAll("[class]")) {
    const [, language] = /^language-([\w+#-]+)$/.exec(element.className) ?? [];
    element.removeAttribute("class");
    const colours = element.matches("pre > code") && language !== undefined ? highlighted(element.textContent, language) : undefined;
    if (colours === undefined) continue;
    element.replaceChildren(colours);
    element.className = "code";
  }
  // They scroll, by keyboard too.
  for (const code of fragment.querySelectorAll("pre")) code.tabIndex = 0;
  for (const item of fragment.querySelectorAll("li")) if (/^[☑☐] /.test(item.textContent)) item.className = "prose__task";
  for (const link of fragment.querySelectorAll("a")) {
    link.target = "_blank";
    link.rel = "noopener noreferrer";
  }
  return fragment;
}
