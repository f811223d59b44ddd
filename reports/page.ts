/** The fixed parts of the page: its style, its script, its words. Nothing is fetched from anywhere. */

export const STYLE = `
:root{color-scheme:light dark;--paper:#fbfaf6;--sheet:#fff;--ink:#1f1e1b;--soft:#625f57;--line:#e0dcd1;--accent:#1f5c5a;--wash:#e9f1ef;--warn:#8f3a0a;--warn-wash:#fcf1e6;--warn-line:#ecc9a6}
@media(prefers-color-scheme:dark){:root{--paper:#151719;--sheet:#1c1f21;--ink:#e8e5de;--soft:#a8a49a;--line:#33373a;--accent:#8ccabf;--wash:#20302f;--warn:#f2b183;--warn-wash:#2b2119;--warn-line:#5c412a}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI","Helvetica Neue",Arial,sans-serif;font-variant-numeric:tabular-nums}
main,header,footer{max-width:78rem;margin:0 auto;padding:0 2rem}
header{padding-top:3rem}
h1{font:600 2.1rem/1.2 Charter,"Iowan Old Style",Georgia,serif;letter-spacing:-.01em;margin:0 0 .6rem;text-wrap:balance}
h2{font:600 1.3rem/1.3 Charter,"Iowan Old Style",Georgia,serif;margin:0 0 .35rem}
section{margin:2.6rem 0}
p{max-width:46rem;margin:.3rem 0 1rem}
.soft,caption,figcaption,footer{color:var(--soft)}
.facts{display:flex;flex-wrap:wrap;gap:.2rem 1.8rem;margin:0;color:var(--soft);font-size:.87rem}
.facts div{display:flex;gap:.45rem}.facts dt::after{content:":"}.facts dd{margin:0;color:var(--ink);overflow-wrap:anywhere}
.totals{display:flex;flex-wrap:wrap;gap:1rem 3rem;margin:0;padding:1.1rem 0;border-block:1px solid var(--line)}
.totals div{display:flex;flex-direction:column-reverse;justify-content:flex-end}.totals dt{color:var(--soft);font-size:.85rem}.totals dd{margin:0;font:600 1.7rem/1.15 Charter,"Iowan Old Style",Georgia,serif}
.gaps{background:var(--warn-wash);border:1px solid var(--warn-line);border-radius:10px;padding:1.3rem 1.5rem 1rem}
.gaps h2{color:var(--warn)}
.whole{border-left:3px solid var(--accent);padding:.1rem 0 .1rem 1rem}
.wide{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-size:.9rem}
caption{text-align:left;padding:0 0 .5rem;font-size:.87rem}
th,td{text-align:left;vertical-align:top;padding:.42rem .9rem .42rem 0;border-bottom:1px solid var(--line)}
.gaps th,.gaps td{border-color:var(--warn-line)}
thead th{font-weight:600;font-size:.8rem;color:var(--soft);vertical-align:bottom;white-space:nowrap}
tbody th{font-weight:600}
tbody tr:hover{background:var(--wash)}.gaps tbody tr:hover{background:none}
td:last-child,th:last-child{padding-right:0}
.n{text-align:right}
.bar{display:block;width:7rem;height:4px;margin:.35rem 0 0 auto}.bar rect{fill:var(--accent)}.bar .rest{fill:var(--line)}
small{display:block;color:var(--soft);font-size:.8rem;font-weight:400;overflow-wrap:anywhere}
code{font:.85em ui-monospace,"SF Mono",Menlo,Consolas,monospace;overflow-wrap:anywhere}
.state{white-space:nowrap;font-size:.82rem}.state::before{content:"";display:inline-block;width:.55em;height:.55em;border-radius:50%;margin-right:.4em;border:1.5px solid var(--warn);background:var(--warn)}
.state.complete::before{border-color:var(--accent);background:var(--accent)}.state.skipped::before,.state.not-modelled::before{background:none}
.none{color:var(--soft);font-style:italic;white-space:nowrap}
th button{all:unset;cursor:pointer}th button:hover{color:var(--ink)}th button:focus-visible,summary:focus-visible{outline:2px solid var(--accent);outline-offset:2px}
th[aria-sort=descending] button::after{content:" ↓"}th[aria-sort=ascending] button::after{content:" ↑"}
.path{margin:1rem 0 2.2rem}.path svg{max-width:100%;min-width:44rem;height:auto;display:block}
figcaption{margin:.6rem 0 .2rem;font-size:.9rem}
.box rect{fill:var(--sheet);stroke:var(--line);stroke-width:1.2}.box.first rect{fill:var(--wash);stroke:var(--accent)}.box.last rect{fill:var(--warn-wash);stroke:var(--warn)}
.icon{fill:none;stroke:var(--soft);stroke-width:1.5;stroke-linecap:round;stroke-linejoin:round}.first .icon{stroke:var(--accent)}.last .icon{stroke:var(--warn)}
.kind{font-size:12px;fill:var(--soft)}.name{font-size:14px;font-weight:600;fill:var(--ink)}
.how path{fill:none;stroke:var(--soft);stroke-width:1.4}.how path.tip,.tip{fill:var(--soft)}.how text{font-size:11.5px;fill:var(--ink);text-anchor:middle}
details{font-size:.87rem}summary{cursor:pointer;color:var(--accent)}details ol{margin:.5rem 0;padding-left:1.4rem}
.terms{display:grid;grid-template-columns:repeat(auto-fill,minmax(19rem,1fr));gap:.9rem 2.2rem;margin:1rem 0 0;font-size:.9rem}.terms dt{font-weight:600}.terms dd{margin:0;color:var(--soft)}
footer{padding:1.5rem 2rem 3rem;font-size:.82rem;border-top:1px solid var(--line);margin-top:3rem}
@media(max-width:40rem){main,header,footer{padding-inline:1rem}header{padding-top:1.6rem}caption{max-width:calc(100vw - 5.2rem)}}
@media print{:root{--paper:#fff;--wash:#fff;--warn-wash:#fff}body{font-size:10.5pt}main,header,footer{max-width:none;padding:0}tr,figure{break-inside:avoid}thead{display:table-header-group}.wide{overflow:visible}.path svg{min-width:0}}
`;

/** Sorting by a click on a heading. Without it the page says the same, in the order of the ranking. */
export const SCRIPT = `
for(const table of document.querySelectorAll("table.sorts")){
const body=table.tBodies[0];
for(const [index,head] of [...table.tHead.rows[0].cells].entries()){
const button=document.createElement("button");button.type="button";button.append(...head.childNodes);head.append(button);
button.addEventListener("click",()=>{
const down=head.getAttribute("aria-sort")!=="descending";
for(const other of table.tHead.rows[0].cells)other.removeAttribute("aria-sort");
head.setAttribute("aria-sort",down?"descending":"ascending");
const value=row=>{const cell=row.cells[index];return cell.dataset.n===undefined?cell.textContent.trim():Number(cell.dataset.n)};
const order=(a,b)=>{const x=value(a),y=value(b);return typeof x==="number"&&typeof y==="number"?x-y:String(x).localeCompare(String(y))};
body.append(...[...body.rows].sort((a,b)=>down?order(b,a):order(a,b)));
});
}
}
`;

/** The words of the page, for a reader who is new to it. */
export const TERMS: readonly (readonly [string, string])[] = [
  [
    "Agent",
    "Anything that acts on its own or for a user: agent identities, copilots, self-hosted and shadow agents.",
  ],
  ["Principal", "Who can be granted access: a user, a group, a service principal, a managed identity."],
  ["Scope", "A place where access is granted: a subscription, a storage account, a container, a site."],
  ["Reach", "The scopes an agent can get to, and the path of grants and memberships that proves it."],
  ["Read, write, manage", "Read the bytes; change or delete them; change who has access."],
  [
    "Sensitive",
    "Items that hold sensitive information types. What nobody inspected is said to be so, and is not zero.",
  ],
  ["Unlabeled", "Looked at, and no sensitivity label found. “Label unknown” means that nobody looked."],
  [
    "Now, latent",
    "Now: holds with what is granted today. Latent: the agent could give itself the access, in so many steps.",
  ],
  ["Upper bound", "The access is granted, but something that could take it away was not read."],
  [
    "Coverage",
    "How completely each part was read: complete, partial, failed, denied, skipped, or not modelled yet.",
  ],
];
