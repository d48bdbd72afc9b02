import { useCallback, useEffect } from "react";
import { Answered } from "../ui/page.tsx";
import { useAsked } from "../ui/use-asked.ts";
import { readText } from "./text.ts";

export function TextView({ url, onBinary }: { readonly url: string; readonly onBinary: () => void }) {
  const { asked, again } = useAsked(useCallback((signal: AbortSignal) => readText(url, signal), [url]));
  const isBinary = asked.state === "here" && asked.value === undefined;
  useEffect(() => {
    if (isBinary) onBinary();
  }, [isBinary, onBinary]);
  return (
    <Answered asked={asked} again={again}>
      {(part) => (
        <div className="preview__paper" tabIndex={0} role="region" aria-label="Text">
          <pre className="preview__text">{part?.text}</pre>
          {part?.isWhole === false && <p className="muted preview__more">The file goes on: download it to read the rest.</p>}
        </div>
      )}
    </Answered>
  );
}
