/**
 * Aliases that nothing resolves. A record that names a node so stands, with a placeholder in its place: what that opens or
 * takes away was not read. Of records that somebody wrote it is a gap. Connectors name by alias what need not be in the
 * tenant (the principal of an application that is only registered here), and state gaps of their own.
 */
import type { Coverage, Row } from "../model.ts";
import { isRelKind, type Kind, NODE_KINDS } from "../schema.ts";
import type { Overlay } from "./inventory-overlay.ts";
import { asKinds } from "./inventory-pass.ts";
import { aliasesOf, namedByAlias, partitionRows, stagedRows, unresolvedIn } from "./inventory-sql.ts";

type Read = (sql: string) => Promise<Row[]>;

/** So many are named. */
const NAMED = 5;

/** The gap that unresolved aliases make of a step; undefined if there are none. */
function aliasGap(step: string, aliases: readonly string[]): Coverage | undefined {
  if (aliases.length === 0) return undefined;
  const named = aliases.slice(0, NAMED).map((alias) => `"${alias}"`);
  const more = aliases.length > NAMED ? ` and ${aliases.length - NAMED} more` : "";
  const [what, are] = aliases.length === 1 ? ["alias", "is"] : ["aliases", "are"];
  return {
    ...{ step, scope: "", state: "partial" },
    reason: `${what} ${named.join(", ")}${more} ${are} not resolved: no node declares ${aliases.length === 1 ? "it" : "them"}`,
    fix: "correct the alias in the file, or import a node that declares it",
  };
}

/** Gaps of live imports, one a step at most. `overlay`: with its changes, which have been laid over what is live. */
export async function aliasGaps(read: Read, overlay?: Overlay): Promise<Coverage[]> {
  const imports = await read(
    "SELECT step, kinds FROM _partition WHERE layer IS NOT NULL AND starts_with(step, 'import.')",
  );
  const counted = imports.filter(({ step }) => step !== overlay?.replaces);
  const kinds = new Set<Kind>(counted.flatMap((row) => asKinds(row.kinds)));
  const named = [...kinds].filter(isRelKind).map((kind) => {
    const rows = partitionRows(kind, "import.", overlay?.replaces);
    return namedByAlias(overlay?.left(kind, rows) ?? rows, "step");
  });
  named.push(...(overlay?.named() ?? []));
  if (named.length === 0) return [];
  const wanted = named.join(" UNION ");
  // Most imports name nothing so, and then no node is looked at.
  const found = new Set((await read(`SELECT DISTINCT kind FROM (${wanted})`)).map(({ kind }) => kind));
  if (found.size === 0) return [];
  const declared = NODE_KINDS.filter((kind) => found.has(kind)).map((kind) =>
    aliasesOf(kind, stagedRows(kind, partitionRows(kind))),
  );
  const steps = new Map<string, string[]>();
  for (const row of await read(
    unresolvedIn(wanted, overlay === undefined ? `(${declared.join(" UNION ALL ")})` : "_alias"),
  ))
    steps.set(String(row.step), [...(steps.get(String(row.step)) ?? []), String(row.alias)]);
  return [...steps].flatMap(([step, aliases]) => aliasGap(step, aliases) ?? []);
}
