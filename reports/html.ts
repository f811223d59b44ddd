/**
 * One self-contained page: what was not looked at, the ranked agents, a picture of a path, the rows. It
 * fetches nothing (a content security policy says so by hash), works without its script, and prints.
 */
import { createHash } from "node:crypto";
import { type CoverageState, type Row, WORST_FIRST } from "../src/model.ts";
import type { CoverageLine, ReportView } from "./index.ts";
import { html, Markup } from "./markup.ts";
import { SCRIPT, STYLE, TERMS } from "./page.ts";
import { picture } from "./picture.ts";

/** Gaps that stand open at once, and rows that a page can hold; the rest is folded, or in the CSV. */
const GAPS_SHOWN = 8;
const ROWS_SHOWN = 500;

const HIDES: Readonly<Record<NonNullable<CoverageLine["hides"]>, string>> = {
  grants: "access that was not seen",
  denies: "limits that were not seen",
  both: "access and limits that were not seen",
  use: "what labels keep from answers",
};

export async function* renderHtml(view: ReportView): AsyncGenerator<string> {
  yield `<!doctype html>\n${head(view).text}`;
  yield html`<main>${gaps(view.coverage)}${totals(view.totals)}${agents(view)}${paths(view)}`.text;
  if (view.rows !== undefined) yield* rows(view.rows, view.columns ?? []);
  yield html`${terms()}</main>
<footer>Counts are of items; an empty count was not made, which is not zero. Snapshot <code>${view.snapshot}</code>.</footer>
<script>${new Markup(SCRIPT)}</script>
</body></html>
`.text;
}

function head(view: ReportView): Markup {
  const policy = `default-src 'none'; style-src ${hash(STYLE)}; script-src ${hash(SCRIPT)}; base-uri 'none'; form-action 'none'`;
  return html`<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="referrer" content="no-referrer">
<title>${view.title}</title><style>${new Markup(STYLE)}</style></head><body>
<header><h1>${view.title}</h1>
<dl class="facts"><div><dt>Tenant</dt><dd>${view.tenant}</dd></div><div><dt>As of</dt><dd><time datetime="${view.time}">${readable(view.time)}</time></dd></div><div><dt>Snapshot</dt><dd><code>${view.snapshot.slice(0, 16)}</code></dd></div></dl></header>
`;
}

const hash = (text: string): string => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;

/** First of all what nobody looked at, because every figure below is silent about it. */
function gaps(coverage: readonly CoverageLine[]): Markup {
  const open = coverage
    .filter((line) => line.state !== "complete")
    .toSorted(
      (a, b) => rank(a.state) - rank(b.state) || bytewise(a.step, b.step) || bytewise(a.scope, b.scope),
    );
  if (coverage.length === 0) {
    return html`<section class="gaps"><h2>Nothing was looked at</h2><p>No part of the tenant has been read, so nothing can be said about it.</p></section>`;
  }
  if (open.length === 0) {
    return html`<section class="whole"><h2>Everything that was asked for was read</h2><p class="soft">All ${count(coverage.length)} parts are complete.</p></section>`;
  }
  const rest = open.slice(GAPS_SHOWN);
  return html`<section class="gaps"><h2>What was not looked at</h2>
<p>${count(open.length)} of ${count(coverage.length)} parts were not read completely. What they hold is unknown, not absent: the figures below say nothing about it.</p>
${gapTable(open.slice(0, GAPS_SHOWN), "Worst first. A part is one step of reading, in one scope.")}
${rest.length === 0 ? undefined : html`<details><summary>${count(rest.length)} more</summary>${gapTable(rest, "The other parts.")}</details>`}
</section>`;
}

function gapTable(lines: readonly CoverageLine[], caption: string): Markup {
  return html`<div class="wide"><table><caption>${caption}</caption>
<thead><tr><th scope="col">Part</th><th scope="col">State</th><th scope="col">Why</th><th scope="col">May hide</th><th scope="col">To close it</th></tr></thead>
<tbody>${lines.map(
    (line) =>
      html`<tr><th scope="row">${line.step}<small>${line.scope === "" ? "whole tenant" : line.scope}</small></th><td>${state(line.state)}</td><td>${line.reason}${
        line.acceptedReason === undefined
          ? undefined
          : html`<small>Accepted${line.acceptedUntil === undefined ? undefined : ` until ${line.acceptedUntil}`}: ${line.acceptedReason}</small>`
      }</td><td>${line.hides === undefined ? undefined : HIDES[line.hides]}${line.agentsConcerned === undefined ? undefined : html`<small>${line.agentsConcerned}</small>`}</td><td>${line.fix}</td></tr>`,
  )}</tbody></table></div>`;
}

function totals(lines: ReportView["totals"]): Markup | undefined {
  if (lines.length === 0) return undefined;
  return html`<dl class="totals">${lines.map(
    (total) =>
      html`<div><dt>${total.name}${total.about === undefined ? undefined : html`<small>${total.about}</small>`}</dt><dd>${typeof total.value === "number" ? count(total.value) : total.value}</dd></div>`,
  )}</dl>`;
}

function agents({ agents: lines, listed }: Pick<ReportView, "agents" | "listed">): Markup {
  if (lines.length === 0) {
    return html`<section><h2>Agents</h2><p>${listed ?? "No agent was found in what was read."}</p></section>`;
  }
  const most = Math.max(1, ...lines.map((line) => line.sensitive ?? 0));
  return html`<section><h2>Agents by what they can read</h2><div class="wide"><table class="sorts">
<caption>Most sensitive items first; no item is counted twice: of the modes and servers by which an agent reads, the widest counts.${listed === undefined ? undefined : ` ${listed}`}</caption>
<thead><tr><th scope="col" class="n">#</th><th scope="col">Agent</th><th scope="col">Owner</th><th scope="col" class="n">Sensitive</th><th scope="col" class="n">Without label</th><th scope="col" class="n">Items</th><th scope="col">Top label</th><th scope="col">Widest scope</th><th scope="col">Coverage</th></tr></thead>
<tbody>${lines.map(
    (line, index) =>
      html`<tr><td class="n" data-n="${index + 1}">${index + 1}</td><th scope="row">${line.name === "" ? line.id : line.name}<small>${line.platform}</small></th><td>${line.owner === "" ? html`<span class="none">nobody</span>` : line.owner}</td>${number(line.sensitive, bar(line.sensitive, most))}${number(line.unlabeledSensitive)}${number(line.items)}<td>${line.topLabel}</td><td>${line.widestScope}</td><td>${state(line.completeness)}</td></tr>`,
  )}</tbody></table></div></section>`;
}

function paths(view: ReportView): Markup | undefined {
  if (view.paths.length === 0) return undefined;
  return html`<section><h2>${view.paths.length === 1 ? "How one of them gets there" : "How they get there"}</h2>
<p class="soft">The shortest path that proves the access. An arrow names the membership or the grant; take one away and this path is gone.</p>
${view.paths.map((path, index) => picture(path, `path-${index + 1}`))}</section>`;
}

async function* rows(
  source: NonNullable<ReportView["rows"]>,
  columns: readonly string[],
): AsyncGenerator<string> {
  let seen = 0;
  for await (const row of source) {
    if (seen === 0) yield rowsHead(columns, row);
    if (++seen > ROWS_SHOWN) continue;
    yield html`<tr>${columns.map((column) => {
      const value = row[column];
      return typeof value === "number"
        ? number(value)
        : html`<td>${value === null || value === undefined ? "" : String(value)}</td>`;
    })}</tr>`.text;
  }
  if (seen === 0) {
    yield html`<section><h2>Rows</h2><p>No path was found in what was read.</p></section>`.text;
    return;
  }
  yield "</tbody></table></div>";
  if (seen > ROWS_SHOWN) {
    yield html`<p class="soft">The first ${count(ROWS_SHOWN)} of ${count(seen)} rows; export as CSV for all of them.</p>`
      .text;
  }
  yield "</section>";
}

const rowsHead = (columns: readonly string[], first: Row): string =>
  html`<section><h2>Rows</h2><div class="wide"><table class="sorts"><caption>Agent by scope, mode and tier.</caption>
<thead><tr>${columns.map((column) => html`<th scope="col" class="${typeof first[column] === "number" ? "n" : "t"}">${column.replaceAll("_", " ")}</th>`)}</tr></thead><tbody>`
    .text;

const terms = (): Markup =>
  html`<section><h2>Words</h2><dl class="terms">${TERMS.map(([word, meaning]) => html`<div><dt>${word}</dt><dd>${meaning}</dd></div>`)}</dl></section>`;

const state = (value: CoverageState): Markup =>
  html`<span class="state ${value}">${value.replace("-", " ")}</span>`;

function number(value: number | undefined, below?: Markup): Markup {
  return value === undefined
    ? html`<td class="n" data-n="-1"><span class="none">not counted</span></td>`
    : html`<td class="n" data-n="${value}">${count(value)}${below}</td>`;
}

const bar = (value: number | undefined, most: number): Markup =>
  html`<svg class="bar" viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true"><rect class="rest" width="100" height="4"/><rect width="${Math.round((100 * (value ?? 0)) / most)}" height="4"/></svg>`;

const count = (value: number): string => value.toLocaleString("en-US");
const rank = (value: CoverageState): number => WORST_FIRST.indexOf(value);
const bytewise = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
/** 2026-01-05T08:30:00Z as 2026-01-05 08:30 UTC; what is no such time stays as it is. */
const readable = (time: string): string => time.replace(/^(\d{4}-\d\d-\d\d)T(\d\d:\d\d).*Z$/, "$1 $2 UTC");
