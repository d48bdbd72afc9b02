/** Lines as one page that needs nothing else: bars by case, with what is possible at best as a mark, and the table. */
import { cellsOf, figure, headings, type Line, textColumns } from "./line.ts";
import { type Machine, machineText } from "./machine.ts";

const barHeight = 18;
const labelWidth = 150;
const plotWidth = 520;
const figureWidth = 130;

export function pageOf(machine: Machine, lines: readonly Line[], notes: readonly string[]): string {
  const benches = [...new Set(lines.map(({ bench }) => bench))];
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Ashlar: the benchmark</title>
<style>
  body { font: 15px/1.5 system-ui, sans-serif; max-width: 75rem; margin: 2rem auto; padding: 0 1rem; color: #1c1c1c; background: #fff; }
  table { border-collapse: collapse; font-size: 13px; font-variant-numeric: tabular-nums; display: block; overflow-x: auto; }
  th, td { padding: 2px 10px 2px 0; text-align: right; white-space: nowrap; border-bottom: 1px solid #e4e4e4; }
  .text { text-align: left; }
  .plots { display: grid; grid-template-columns: repeat(auto-fill, minmax(26rem, 1fr)); gap: 1rem 2rem; }
  figure { margin: 0; }
  figcaption { font-weight: 600; font-size: 14px; }
  svg { width: 100%; height: auto; font: 12px system-ui, sans-serif; }
  .bar { fill: #8fa3b8; } .bar.ours { fill: #1f6f8b; } .limit { stroke: #c2410c; stroke-width: 2; }
</style>
</head>
<body>
<h1>Ashlar: the benchmark</h1>
<p>${escape(machineText(machine))}</p>
${notes.map((note) => `<p>${escape(note)}</p>`).join("\n")}
<p>Bars begin at 0. The orange mark is the limit: bytes by rate and round trips of a transfer, or the empty Worker of the same run.</p>
${benches.map((bench) => plotsOf(bench, lines)).join("\n")}
<h2>All figures</h2>
<table>
<thead>${rowOf(headings, "th")}</thead>
<tbody>
${lines.map((line) => rowOf(cellsOf(line), "td")).join("\n")}
</tbody>
</table>
</body>
</html>
`;
}

function plotsOf(bench: string, lines: readonly Line[]): string {
  const own = lines.filter((line) => line.bench === bench);
  const cases = [...new Set(own.map(({ what, unit }) => JSON.stringify([what, unit])))].map((key) => JSON.parse(key) as [string, string]);
  const plots = cases.map(([what, unit]) => {
    const bars = own.filter((line) => line.what === what && line.unit === unit);
    return `<figure><figcaption>${escape(what)}</figcaption>${barsOf(bars)}</figure>`;
  });
  return `<h2>${escape(bench)}</h2>\n<div class="plots">\n${plots.join("\n")}\n</div>`;
}

function barsOf(lines: readonly Line[]): string {
  const most = Math.max(...lines.flatMap(({ value, limit }) => [value ?? 0, limit ?? 0]));
  const scaled = (value: number) => (most <= 0 ? 0 : (value / most) * plotWidth);
  const rows = lines.map(({ who, value, limit, unit }, index) => {
    const top = index * (barHeight + 6) + 2;
    const middle = top + barHeight / 2 + 4;
    const mark = limit === undefined ? "" : markAt(labelWidth + scaled(limit), top);
    return `<text x="0" y="${middle}">${escape(who)}</text>
<rect class="bar${who === "Ashlar" ? " ours" : ""}" x="${labelWidth}" y="${top}" width="${scaled(value ?? 0).toFixed(1)}" height="${barHeight}"/>${mark}
<text x="${(labelWidth + Math.max(scaled(value ?? 0), scaled(limit ?? 0)) + 6).toFixed(1)}" y="${middle}">${value === undefined ? "not done" : figure(value, unit)}</text>`;
  });
  const height = lines.length * (barHeight + 6) + 4;
  return `<svg viewBox="0 0 ${labelWidth + plotWidth + figureWidth} ${height}" role="img">${rows.join("\n")}</svg>`;
}

function markAt(x: number, top: number): string {
  return `<line class="limit" x1="${x.toFixed(1)}" x2="${x.toFixed(1)}" y1="${top - 2}" y2="${top + barHeight + 2}"/>`;
}

function rowOf(cells: readonly string[], tag: "th" | "td"): string {
  return `<tr>${cells.map((cell, column) => `<${tag}${textColumns.has(column) ? ' class="text"' : ""}>${escape(cell)}</${tag}>`).join("")}</tr>`;
}

function escape(text: string): string {
  return text.replace(/[&<>"]/g, (sign) => `&#${sign.codePointAt(0)};`);
}
