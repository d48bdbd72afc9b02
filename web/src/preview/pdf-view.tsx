/** Pages of a PDF as pixels, drawn by pdf.js in a worker; scripts in the document are never run. */
import * as pdf from "pdfjs-dist";
// oxlint-disable-next-line import/default -- Vite makes the address of it.
import pdfWorkerUrl from "pdfjs-dist/build/pdf.worker.min.mjs?url";
import { useCallback, useEffect, useRef } from "react";
import { scriptUrl } from "../platform/script-url.ts";
import { Answered } from "../ui/page.tsx";
import { useAsked } from "../ui/use-asked.ts";

/** Further pages are for a reader of one's own. */
const pagesMax = 200;

let worker: pdf.PDFWorker | undefined;
function pdfWorker(): pdf.PDFWorker {
  worker ??= pdf.PDFWorker.create({
    port: new Worker(scriptUrl(pdfWorkerUrl), { type: "module", name: "pdf" }),
  });
  return worker;
}

export function PdfView({ url, onBroken }: { readonly url: string; readonly onBroken: () => void }) {
  const open = useCallback(
    async (signal: AbortSignal) => {
      const task = pdf.getDocument({ url, worker: pdfWorker(), enableXfa: false, useWasm: false });
      signal.addEventListener("abort", () => void task.destroy());
      return task.promise.catch((error: unknown) => {
        if (!signal.aborted) onBroken();
        throw error;
      });
    },
    [url, onBroken],
  );
  const { asked, again } = useAsked(open);
  return (
    <Answered asked={asked} again={again}>
      {(document) => (
        <div className="preview__pages" tabIndex={0} role="region" aria-label={`PDF, ${document.numPages} pages`}>
          {Array.from({ length: Math.min(document.numPages, pagesMax) }, (_, index) => (
            <PdfPage key={index} document={document} number={index + 1} />
          ))}
          {document.numPages > pagesMax && <p className="muted preview__more">Download it to read the other pages.</p>}
        </div>
      )}
    </Answered>
  );
}

/** Drawn when it comes near: a long document has hundreds. */
function PdfPage({ document, number }: { readonly document: pdf.PDFDocumentProxy; readonly number: number }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const place = canvas.current;
    if (place === null) return;
    let rendering: pdf.RenderTask | undefined;
    const draw = async () => {
      const page = await document.getPage(number);
      const viewport = page.getViewport({
        scale: Math.min(2, (place.clientWidth / page.getViewport({ scale: 1 }).width) * devicePixelRatio),
      });
      place.width = viewport.width;
      place.height = viewport.height;
      place.style.aspectRatio = `${viewport.width} / ${viewport.height}`;
      rendering = page.render({ canvas: place, viewport });
      await rendering.promise;
      place.dataset["drawn"] = "true";
    };
    const watch = new IntersectionObserver(
      (seen) => {
        if (!seen.some(({ isIntersecting }) => isIntersecting)) return;
        watch.disconnect();
        // A page that cannot be drawn stays blank; the others are read all the same.
        draw().catch(() => undefined);
      },
      { rootMargin: "800px" },
    );
    watch.observe(place);
    return () => {
      watch.disconnect();
      rendering?.cancel();
    };
  }, [document, number]);
  return <canvas ref={canvas} className="preview__page" role="img" aria-label={`Page ${number}`} />;
}
