/**
 * Blobs of a container whose paths satisfy a condition, as a place of their own (docs/records-azure.md). Pure, but
 * for looking up the ones that earlier steps have put.
 */
import { createHash } from "node:crypto";
import type { StepContext } from "../../src/connector.ts";
import type { GraphRecord } from "../../src/schema.ts";
import type { Expr } from "./condition.ts";
import { type Compiled, compile, resolveAt } from "./condition-evaluate.ts";
import { inWords } from "./condition-words.ts";
import { within } from "./scopes.ts";

const KIND = "PathSet";
const MARK = "/where:";

/** The same for the same residual, whatever assignment it comes from. */
export const pathSetId = (container: string, residual: Expr): string =>
  container + MARK + createHash("sha256").update(JSON.stringify(residual)).digest("hex").slice(0, 16);

export function pathSetRecords(container: string, residual: Expr): GraphRecord[] {
  const id = pathSetId(container, residual);
  const name = `${container.slice(container.lastIndexOf("/") + 1)}, where ${inWords(residual)}`;
  const members = JSON.stringify(residual);
  return [{ kind: "Scope", id, props: { kind: KIND, plane: "azure", name, members } }, within(id, container)];
}

/** A residual is decided but for paths and what callers choose: no action is asked for any more. */
const NO_ACTION = { action: "" };

/** The place of a path: the one set that holds it, or the container where none does, or more than one. */
export type PlaceOfPath = (path: string) => string;

/**
 * A blob lies in one place, so that it is counted once. One that several sets hold stays with the container, where
 * each grant stands with its condition.
 */
export async function placesOfPaths(c: StepContext, container: string): Promise<PlaceOfPath> {
  const sets: { id: string; holds: Compiled }[] = [];
  for await (const node of c.known("Scope", { kind: KIND }))
    if (node.kind === "Scope" && node.id.startsWith(container + MARK) && node.props.members)
      sets.push({ id: node.id, holds: compile(JSON.parse(node.props.members) as Expr, NO_ACTION) });
  // Most containers have none, and many blobs.
  if (sets.length === 0) return () => container;
  return (path) => {
    const resolve = resolveAt({ path });
    const holding = sets.filter(({ holds }) => holds(resolve) !== false);
    return holding.length === 1 ? holding[0]!.id : container;
  };
}
