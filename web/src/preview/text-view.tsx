import { useCallback, useEffect, useLayoutEffect, useRef } from "react";
import { kindOf } from "../files/kinds.ts";
import { Answered } from "../ui/page.tsx";
import { useAsked } from "../ui/use-asked.ts";
import { readText } from "./text.ts";

type TextViewProps = { readonly url: string; readonly name: string; readonly onBinary: () => void };

export function TextView({ url, name, onBinary }: TextViewProps) {
  const { asked, again } = useAsked(
    useCallback(
      async (signal: AbortSignal) => {
        const part = await readText(url, signal);
        return part && { ...part, colours: await coloursOf(part.text, name) };
      },
      [url, name],
    ),
  );
  const isBinary = asked.state === "here" && asked.value === undefined;
  useEffect(() => {
    if (isBinary) onBinary();
  }, [isBinary, onBinary]);
  return (
    <Answered asked={asked} again={again}>
      {(part) => (
        <div className="preview__paper" tabIndex={0} role="region" aria-label="Text">
          {part?.colours === undefined ? <pre className="preview__text">{part?.text}</pre> : <Code content={part.colours} />}
          {part?.isWhole === false && <p className="muted preview__more">The file goes on: download it to read the rest.</p>}
        </div>
      )}
    </Answered>
  );
}

function Code({ content }: { readonly content: DocumentFragment }) {
  const place = useRef<HTMLPreElement>(null);
  useLayoutEffect(() => place.current?.replaceChildren(content.cloneNode(true)), [content]);
  return <pre ref={place} className="preview__text code" />;
}

/** Undefined for what is no code, or when the grammars cannot be loaded: it is read as it is then. */
async function coloursOf(text: string, name: string): Promise<DocumentFragment | undefined> {
  if (kindOf({ name, kind: "file" }) !== "code") return undefined;
  const grammars = await import("./highlight.ts").catch(() => undefined);
  return grammars?.highlightedFile(text, name);
}
