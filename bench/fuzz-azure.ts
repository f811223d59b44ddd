/** Random texts for the parsers of conditions and of access lists: none may crash or hang them. */
import { parseArgs } from "node:util";
import { AclSyntaxError, clauseOf, parseAcl, READ } from "../connectors/azure/acl.ts";
import { readCondition } from "../connectors/azure/condition.ts";
import { compile, openCauses, resolveAt } from "../connectors/azure/condition-evaluate.ts";
import { inWords } from "../connectors/azure/condition-words.ts";
import { randomOf } from "./random.ts";

const { values: options } = parseArgs({
  options: { texts: { type: "string", default: "1000000" }, seed: { type: "string", default: "1" } },
});
/** A text that takes longer is a hang, on any machine. */
const LONGEST_MS = 5_000;

const CONDITION = [
  ..."( ) { } , ! && || AND OR NOT Exists NotExists ActionMatches SubOperationMatches StringEquals StringLike".split(
    " ",
  ),
  ..."ForAnyOfAnyValues:StringLike ForAllOfAllValues:NumericLessThan GuidEquals Resembles 'a' 1 -2.5 true".split(
    " ",
  ),
  ..."@Resource[x:y] @Request[subOperation] @Environment[UtcNow] @Principal[ ] ' '' \\ 8b9dfcab4b774632a6df94bd07820648".split(
    " ",
  ),
];
const ACL = "user group mask other default : :: ::: rwx r-x --- rw , ,, a A $superuser -".split(" ");

const random = randomOf(Number(options.seed));
const { below, pick } = random;
const noise = () => String.fromCodePoint(below(8) === 0 ? below(0xd800) : 1 + below(126));
function textOf(words: readonly string[], joint: string): string {
  const parts = Array.from({ length: below(below(50) === 0 ? 2_000 : 40) }, () =>
    below(12) === 0 ? noise() : pick(words),
  );
  return parts.join(below(5) === 0 ? "" : joint);
}

const question = { action: "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read" };
const resolve = resolveAt({ account: "a" });

/** Half of the texts are well-formed ones with a few words changed: they get further. */
const FORMED = [
  "( ( ! ( ActionMatches { 'a*' } AND NOT SubOperationMatches { 'Blob.List' } ) ) OR ( @Resource[x:y] StringEquals 'a' ) )",
  "@Request[subOperation] ForAnyOfAnyValues:StringLike { 'a' , 'b' } || Exists @Environment[UtcNow] && ! @Resource[x:y] NumericLessThan 1",
  "NOT ( @Principal[p] GuidEquals @Request[x:y] ) AND ( { 1 , 2 } ForAllOfAllValues:NumericLessThan { 3 } OR NotExists @Resource[z] )",
].map((text) => text.split(" "));
function nearlyFormed(): string {
  const words = [...pick(FORMED)];
  for (let changes = below(4); changes > 0; changes--)
    words.splice(below(words.length), below(3), ...Array.from({ length: below(3) }, () => pick(CONDITION)));
  return words.join(" ");
}

function condition(): void {
  const expr = readCondition(below(2) === 0 ? nearlyFormed() : textOf(CONDITION, " "));
  if (expr.op === "unparsed") return;
  understood++;
  const rest = compile(expr, question)(resolve);
  if (typeof rest === "boolean") return;
  openCauses(rest, resolve);
  inWords(rest);
}
function accessList(): void {
  const base = below(2) === 0 ? "user::rwx,group::r-x,other::r-x," : "";
  try {
    clauseOf(parseAcl({ acl: (base + textOf(ACL, "")).replace(/,$/, ""), owner: pick(ACL) }), READ);
    understood++;
  } catch (error) {
    if (!(error instanceof AclSyntaxError)) throw error;
  }
}

let understood = 0;
let slowest = 0;
const texts = Number(options.texts);
for (const [name, run] of [
  ["conditions", condition],
  ["access lists", accessList],
] as const) {
  understood = 0;
  for (let i = 0; i < texts; i++) {
    const started = performance.now();
    run();
    slowest = Math.max(slowest, performance.now() - started);
  }
  process.stdout.write(
    `${name}: ${texts} texts, ${understood} of them well-formed, none crashed, slowest ${slowest.toFixed(1)} ms\n`,
  );
}
if (slowest > LONGEST_MS) throw new Error("A text took too long.");
