/** A path as a picture: boxes for who and where, arrows for how. Rows of boxes, read like text. */

import type { PathStep, ReportPath } from "./index.ts";
import { html, type Markup } from "./markup.ts";

const BOX = { width: 214, height: 70 };
const GAP = { x: 112, y: 74 };
const PER_ROW = 4;
const EDGE = 6;
/** Characters that fit at the sizes of the style sheet, in the widest of usual system fonts (DejaVu Sans). */
const FITS = { name: 20, via: 16 };

/** Outlines on a 20 x 20 grid, by the sort of thing that a kind is. */
const ICONS: readonly (readonly [RegExp, string])[] = [
  [/agent|copilot|blueprint/i, "M4 7h12v9H4z M10 3v4 M7.5 11v1.5 M12.5 11v1.5 M1.5 10v3 M18.5 10v3"],
  [
    /^(group|sitegroup|directoryrole|everyone.*|any.*|class)$/i,
    "M7 9a3 3 0 1 0 0-6 3 3 0 0 0 0 6z M1.5 17c0-4 11-4 11 0 M13 9a2.6 2.6 0 1 0-1-5 M14 12c3 0 4.5 2 4.5 5",
  ],
  [/user|guest|person/i, "M10 9a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7z M3 18c0-6 14-6 14 0"],
  [
    /principal|identity|application|server|key/i,
    "M7 13a4 4 0 1 0 0-8 4 4 0 0 0 0 8z M11 9h8 M15.5 9v4 M18.5 9v3",
  ],
];
const PLACE = "M3 5c0-3 14-3 14 0v10c0 3-14 3-14 0z M3 5c0 3 14 3 14 0 M3 10c0 3 14 3 14 0";

export function picture(path: ReportPath, id: string): Markup {
  const rows = Math.ceil(path.steps.length / PER_ROW);
  const columns = Math.min(path.steps.length, PER_ROW);
  const width = columns * BOX.width + (columns - 1) * GAP.x + 2 * EDGE;
  const height = rows * BOX.height + (rows - 1) * GAP.y + 2 * EDGE;
  return html`<figure class="path">
<div class="wide"><svg viewBox="0 0 ${width} ${height}" width="${width}" role="img" aria-labelledby="${id}">
<title id="${id}">${path.title}: ${inWords(path.steps)}</title>
<defs><marker id="${id}-tip" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0L10 5L0 10z" class="tip"/></marker></defs>
${path.steps.map((step, index) => (index === 0 ? undefined : arrow(step, index, `${id}-tip`)))}
${path.steps.map((step, index) => box(step, index, path.steps.length))}
</svg></div>
<figcaption>${path.title}</figcaption>
<details><summary>The same in words, with ids</summary><ol>${path.steps.map(
    (step) =>
      html`<li>${step.via === undefined ? undefined : html`<i>${step.via}</i> → `}${step.kind} <b>${step.name}</b> <code>${step.id}</code></li>`,
  )}</ol></details>
</figure>`;
}

const inWords = (steps: readonly PathStep[]): string =>
  steps.map((step) => (step.via === undefined ? step.name : `${step.via}, ${step.name}`)).join("; ");

const place = (index: number): { x: number; y: number } => ({
  x: EDGE + (index % PER_ROW) * (BOX.width + GAP.x),
  y: EDGE + Math.floor(index / PER_ROW) * (BOX.height + GAP.y),
});

function box(step: PathStep, index: number, count: number): Markup {
  const { x, y } = place(index);
  const sort = index === 0 ? "first" : index === count - 1 ? "last" : "between";
  const icon = ICONS.find(([kinds]) => kinds.test(step.kind))?.[1] ?? PLACE;
  return html`<g class="box ${sort}"><title>${step.name} (${step.id})</title>
<rect x="${x}" y="${y}" width="${BOX.width}" height="${BOX.height}" rx="8"/>
<path class="icon" transform="translate(${x + 14} ${y + 14})" d="${icon}"/>
<text class="kind" x="${x + 44}" y="${y + 29}">${cut(step.kind, FITS.name)}</text>
<text class="name" x="${x + 14}" y="${y + 55}">${cut(step.name, FITS.name)}</text></g>`;
}

function arrow(step: PathStep, index: number, tip: string): Markup {
  const from = place(index - 1);
  const to = place(index);
  const middle = from.y + BOX.height / 2;
  const wraps = index % PER_ROW === 0;
  const turn = from.y + BOX.height + GAP.y / 2;
  const line = wraps
    ? `M${from.x + BOX.width / 2} ${from.y + BOX.height}V${turn}H${to.x + BOX.width / 2}V${to.y - 3}`
    : `M${from.x + BOX.width + 3} ${middle}H${to.x - 3}`;
  const x = wraps ? (from.x + to.x + BOX.width) / 2 : from.x + BOX.width + GAP.x / 2;
  const words = step.via ?? "";
  const [first, second] = wraps ? [words] : twoLines(words);
  const y = (wraps ? turn : middle) - 8;
  return html`<g class="how"><title>${words}</title><path d="${line}" marker-end="url(#${tip})"/>
<text x="${x}" y="${y}">${first}</text>${second === undefined ? undefined : html`<text x="${x}" y="${y + 24}">${second}</text>`}</g>`;
}

/** One line above the arrow and, if need be, one below. */
function twoLines(words: string): [string, string?] {
  if (words.length <= FITS.via) return [words];
  const at = words.lastIndexOf(" ", FITS.via);
  return at <= 0 ? [cut(words, FITS.via)] : [words.slice(0, at), cut(words.slice(at + 1), FITS.via)];
}

/** Names and ids say most at their ends, so the middle goes. */
function cut(text: string, length: number): string {
  const chars = [...text];
  if (chars.length <= length) return text;
  const tail = Math.floor((length - 1) / 2);
  return `${chars.slice(0, length - 1 - tail).join("")}…${chars.slice(-tail).join("")}`;
}
