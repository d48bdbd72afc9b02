/** Bars, by uPlot; what they show stands in a table beside them. */
import { useEffect, useRef } from "react";
import UPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { useStore } from "../platform/store.ts";
import { useMediaQuery } from "../ui/use-media-query.ts";
import { theme } from "../ui/theme.ts";

type Series = { readonly name: string; /** A token of the style sheet. */ readonly colour: string; readonly values: readonly number[] };
type BarsProps = {
  readonly label: string;
  readonly labels: readonly string[];
  readonly series: readonly Series[];
  readonly text: (value: number) => string;
  /** Of things that there are no halves of. */
  readonly isCount?: boolean;
};

const heightPx = 220;
/** Of a place on the axis. A later series is drawn narrower on the ones before it: each is a part of those. */
const barsShare = 0.72;
const barPxMax = 48;
/** Steps of an axis of counts. */
const countSteps = [1, 2, 5].flatMap((step) => Array.from({ length: 7 }, (_, power) => step * 10 ** power)).toSorted((a, b) => a - b);

export function Bars({ label, labels, series, text, isCount = false }: BarsProps) {
  const place = useRef<HTMLDivElement>(null);
  const chosen = useStore(theme);
  const isDark = useMediaQuery("(prefers-color-scheme: dark)");
  useEffect(() => {
    const box = place.current;
    if (box === null || labels.length === 0) return;
    const ink = colourOf("--ink-soft", box);
    const line = colourOf("--line", box);
    const axis = { stroke: ink, grid: { stroke: line, width: 1 }, ticks: { show: false }, font: "12px system-ui" };
    const { bars } = UPlot.paths;
    const plot = new UPlot(
      {
        width: box.clientWidth,
        height: heightPx,
        legend: { show: false },
        cursor: { show: false },
        scales: { x: { time: false, range: [-0.5, labels.length - 0.5] }, y: { range: (_, __, max) => [0, max === 0 ? 1 : max * 1.08] } },
        axes: [
          {
            ...axis,
            size: 32,
            grid: { show: false },
            values: (_, splits) => splits.map((at) => (Number.isInteger(at) ? (labels[at] ?? "") : "")),
          },
          { ...axis, size: 64, values: (_, splits) => splits.map(text), ...(isCount && { incrs: countSteps }) },
        ],
        series: [
          {},
          ...series.map(({ name, colour }, index) => ({
            label: name,
            fill: colourOf(colour, box),
            width: 0,
            points: { show: false },
            ...(bars !== undefined && { paths: bars({ size: [barsShare / (1 + index), barPxMax / (1 + index)], radius: 0.15 }) }),
          })),
        ],
      },
      [labels.map((_, index) => index), ...series.map(({ values }) => [...values])],
      box,
    );
    const resize = new ResizeObserver(() => plot.setSize({ width: box.clientWidth, height: heightPx }));
    resize.observe(box);
    return () => {
      resize.disconnect();
      plot.destroy();
    };
  }, [label, labels, series, text, isCount, chosen, isDark]);
  return (
    <figure className="bars">
      <div ref={place} className="bars__plot" role="img" aria-label={label} />
      {series.length > 1 && (
        <figcaption className="bars__legend">
          {series.map(({ name, colour }) => (
            <span key={name}>
              <i style={{ background: `var(${colour})` }} aria-hidden />
              {name}
            </span>
          ))}
        </figcaption>
      )}
    </figure>
  );
}

/** A canvas knows nothing of variables, nor of `light-dark()`: the browser resolves them on an element. */
function colourOf(token: string, at: HTMLElement): string {
  const probe = document.createElement("span");
  probe.style.color = `var(${token})`;
  at.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}
