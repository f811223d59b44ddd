import { describe, expect, it } from "vitest";
import type { Finding } from "../model.ts";
import { findingKey, makeFindings } from "./finding.ts";
import { type FindingQuery, isFindingQuery, parseQuery } from "./query.ts";

function findingQuery(text: string, file: string): FindingQuery {
  const query = parseQuery(text, file);
  if (!isFindingQuery(query)) throw new Error(`${file} is a question`);
  return query;
}

const query = findingQuery(
  `// id: agent-x
// title: Agent does x
// severity: high
// reads: Agent
// columns: agent, scope, n
// identity: agent, scope
// why: because
// fix: undo it
RETURN 1`,
  "agent-x.cypher",
);
const row = (agent: string, n = 1) => ({ agent, scope: "s", n });
const MONDAY = "2026-01-05T00:00:00Z";
const TUESDAY = "2026-01-06T00:00:00Z";
const statuses = (findings: readonly Finding[]) =>
  Object.fromEntries(findings.map((finding) => [finding.row.agent, finding.status]));

describe("findings", () => {
  const monday = makeFindings(query, [row("a"), row("b")], [], false, MONDAY);

  it("are new at first, and open with their first day kept when they are seen again", () => {
    expect(statuses(monday)).toEqual({ a: "new", b: "new" });
    const tuesday = makeFindings(query, [row("a", 2), row("b")], monday, false, TUESDAY);
    expect(statuses(tuesday)).toEqual({ a: "open", b: "open" });
    expect(tuesday.find((f) => f.row.agent === "a")).toMatchObject({
      row: { n: 2 },
      firstSeen: MONDAY,
      lastSeen: TUESDAY,
    });
  });

  it("are resolved when they vanish from what was read completely", () => {
    const tuesday = makeFindings(query, [row("a")], monday, false, TUESDAY);
    expect(statuses(tuesday)).toEqual({ a: "open", b: "resolved" });
    expect(tuesday.find((f) => f.row.agent === "b")?.lastSeen).toBe(MONDAY);
  });

  it("are unknown, never resolved, when they vanish while something was unread", () => {
    const tuesday = makeFindings(query, [row("a")], monday, true, TUESDAY);
    expect(statuses(tuesday)).toEqual({ a: "open", b: "unknown" });
    expect(statuses(makeFindings(query, [row("b")], tuesday, false, TUESDAY))).toEqual({
      a: "resolved",
      b: "open",
    });
  });

  it("are new again when they come back after they were resolved, and are not repeated until then", () => {
    const tuesday = makeFindings(query, [row("a")], monday, false, TUESDAY);
    expect(statuses(makeFindings(query, [row("a")], tuesday, false, TUESDAY))).toEqual({ a: "open" });
    expect(statuses(makeFindings(query, [row("a"), row("b")], tuesday, false, TUESDAY))).toEqual({
      a: "open",
      b: "new",
    });
  });

  it("leave the findings of other queries alone", () => {
    const other = monday.map((finding) => ({ ...finding, query: "agent-y" }));
    expect(makeFindings(query, [], other, false, TUESDAY)).toEqual([]);
  });

  it("are known by the query and the ids of their identity, whatever else changes", () => {
    expect(findingKey(query, row("a", 1))).toBe(findingKey(query, row("a", 2)));
    expect(findingKey(query, { agent: "a", scope: "bc" })).not.toBe(
      findingKey(query, { agent: "ab", scope: "c" }),
    );
  });

  it("refuse two rows with one identity, and rows without ids", () => {
    expect(() => makeFindings(query, [row("a"), row("a")], [], false, MONDAY)).toThrow(
      "two rows with one identity",
    );
    expect(() => makeFindings(query, [{ agent: null, scope: "s" }], [], false, MONDAY)).toThrow(
      "holds no id",
    );
  });
});
