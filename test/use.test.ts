import { describe, expect, test } from "vitest";
import { createUse, type Unread, type Use } from "../src/reach/use.ts";
import type { Put } from "./oracle/records.ts";
import { type Beside, rel, SideBySide } from "./side-by-side.ts";

const label = (id: string, props = {}): Put => ({
  kind: "Label",
  id,
  props: { kind: "Sensitivity", ...props },
});

/** A container with items: some with the label `l`, some without any. The agent acts by a stored connection, or as itself. */
function store(secret: number, open: number, mode: "maker" | "app" = "maker"): Put[] {
  const items = [...Array(secret + open).keys()].map((n) => `i${n}`);
  return [
    { kind: "Agent", id: "a", props: { status: "enabled", surface: "copilot" } },
    { kind: "Principal", id: "p", props: { kind: mode === "app" ? "ServicePrincipal" : "User" } },
    { kind: "Scope", id: "account", props: { kind: "StorageAccount", plane: "azure" } },
    { kind: "Scope", id: "box", props: { kind: "Container", plane: "azure" } },
    label("none", { kind: "None" }),
    rel("WITHIN", ["Scope", "box"], ["Scope", "account"]),
    rel("ACTS_AS", ["Agent", "a"], ["Principal", "p"], { mode, key: mode }),
    rel("GRANTED", ["Principal", "p"], ["Scope", "account"], { key: "1", flow: "containment", read: true }),
    ...items.flatMap((id, n): Put[] => [
      { kind: "Item", id, props: { size: 1 } },
      rel("PROTECTED_BY", ["Item", id], ["Scope", "box"]),
      rel("LABELED", ["Item", id], ["Label", n < secret ? "l" : "none"]),
    ]),
  ];
}

const useOf = async (one: Beside, place = "", unread: readonly Unread[] = []): Promise<Use | undefined> => {
  const rows = await one.query(
    `MATCH (a:Agent)-[r:CAN_REACH]->(s:Scope) WHERE a.id = $agent AND ($place = '' OR s.id = $place)
     OPTIONAL MATCH (a)-[c:READS_COPY]->(s) WHERE c.mode = r.mode AND c.tier = r.tier
     OPTIONAL MATCH (s)-[t:TALLY]->(s) WHERE t.below > 0
     RETURN c.copy AS copy, c.embedded AS embedded, a.id AS agent_id, r.mode AS mode, r.via AS via, s.id AS scope_id, r.subtree AS subtree, r.read AS read, t.items AS items,
     t.label_unknown AS label_unknown, t.label_unclear AS label_unclear`,
    { agent: one.id("a"), place: place === "" ? "" : one.id(place) },
  );
  return (await createUse(one.query, unread)(rows))[0];
};
/** Somewhere a label guards content, or nowhere: that is asked of a tenant as a whole. */
const [guarded, open] = [new SideBySide(), new SideBySide()];
const rights = (view: boolean, extract: boolean): Put =>
  rel("LABEL_RIGHTS", ["Principal", "p"], ["Label", "l"], { view, extract });
const elsewhere = rel("LABEL_RIGHTS", ["Principal", "q"], ["Label", "l"], { view: true, extract: true });
const rule = (props = {}): Put[] => [
  { kind: "Policy", id: "k", props: { kind: "Dlp", effect: "block", surface: "Copilot", ...props } },
  rel("GATES", ["Policy", "k"], ["Label", "l"]),
];

type Case = [string, Put[], Use["use"], number | null, number | null, number | null];
const CASES: readonly Case[] = [
  [
    "an encrypting label without rights leaves bytes",
    [label("l", { encrypted: true }), elsewhere],
    "yes",
    1,
    0,
    2,
  ],
  [
    "a right to view alone lets it be cited",
    [label("l", { encrypted: true }), rights(true, false)],
    "yes",
    1,
    2,
    0,
  ],
  [
    "a right to extract lets it be used",
    [label("l", { encrypted: true }), rights(true, true)],
    "yes",
    3,
    0,
    0,
  ],
  [
    "extract without view opens nothing",
    [label("l", { encrypted: true }), rights(false, true)],
    "yes",
    1,
    0,
    2,
  ],
  ["rights that nobody read leave it unknown", [label("l", { encrypted: true })], "yes", null, null, null],
  ["a DLP rule on its surface keeps it out of answers", [label("l"), ...rule()], "yes", 1, 2, 0],
  ["a DLP rule on another surface does not", [label("l"), ...rule({ surface: "teams" })], "yes", 3, 0, 0],
  ["a DLP rule that only reports does not", [label("l"), ...rule({ state: "report-only" })], "yes", 3, 0, 0],
  [
    "a DLP rule spares whom it excludes",
    [label("l"), ...rule(), rel("APPLIES_TO", ["Policy", "k"], ["Principal", "p"], { include: false })],
    "yes",
    ...([3, 0, 0] as const),
  ],
];
const told = CASES.map((one) => [...one, guarded.add([...store(2, 1), ...one[1]])] as const);
test.each(told)("%s", async (_, _guards, use, usable, citeOnly, bytesOnly, one) => {
  expect(await useOf(one)).toEqual({ use, usable, cite_only: citeOnly, bytes_only: bytesOnly });
});

const itself = guarded.add([...store(2, 1, "app"), label("l"), ...rule()]);
test("a DLP rule does not bind an agent that acts as itself", async () => {
  expect(await useOf(itself)).toEqual({ use: "yes", usable: 3, cite_only: 0, bytes_only: 0 });
});

const unguarded = open.add([...store(2, 1), label("l")]);
test("without guards all that is read is used", async () => {
  expect(await useOf(unguarded)).toEqual({ use: "yes", usable: 3, cite_only: 0, bytes_only: 0 });
});

describe("use is that of the best class", () => {
  const encrypted = label("l", { encrypted: true });
  const best = (...more: Put[]) => guarded.add([...store(2, 0), encrypted, ...more]);
  test.each([
    ["bytes-only", best(elsewhere)],
    ["cite-only", best(rights(true, false))],
    ["unknown", best()],
  ] as const)("%s", async (use, one) => {
    expect((await useOf(one))?.use).toBe(use);
  });
});

describe("items whose label nobody looked at", () => {
  const unlooked: Put[] = [
    { kind: "Label", id: "label-unknown", props: { kind: "Unknown" } },
    { kind: "Item", id: "x", props: { size: 1 } },
    rel("PROTECTED_BY", ["Item", "x"], ["Scope", "box"]),
    rel("LABELED", ["Item", "x"], ["Label", "label-unknown"]),
  ];
  const [some, none] = [
    guarded.add([...store(0, 1), ...unlooked, label("l", { encrypted: true })]),
    open.add([...store(0, 1), ...unlooked, label("l")]),
  ];
  test("may be under one that guards, where some label does", async () => {
    const unknown = { use: "yes", usable: null, cite_only: null, bytes_only: null };
    expect(await useOf(some)).toEqual(unknown);
    expect(await useOf(none)).toEqual({ use: "yes", usable: 2, cite_only: 0, bytes_only: 0 });
  });
});

describe("where the labels of the tenant could not be read", () => {
  const unread: readonly Unread[] = [{ step: "purview.labels", state: "denied" }];
  const unseen: Put[] = [
    { kind: "Label", id: "label-unknown", props: { kind: "Unknown" } },
    { kind: "Item", id: "x", props: { size: 1 } },
    rel("PROTECTED_BY", ["Item", "x"], ["Scope", "box"]),
    rel("LABELED", ["Item", "x"], ["Label", "label-unknown"]),
  ];
  const forItsMaker = (put: Put): Put =>
    put.kind === "ACTS_AS" ? { ...put, props: { mode: "maker", key: "maker" } } : put;
  const notKnown = { usable: null, cite_only: null, bytes_only: null, unread };
  const [known, labeled, seen, looked, gated] = [
    open.add([...store(2, 1), label("l", { encrypted: false })]),
    open.add([...store(2, 0), label("l")]),
    open.add(store(0, 2)),
    open.add([...store(0, 0), ...unseen]),
    guarded.add([...store(2, 1).map(forItsMaker), label("l"), ...rule()]),
  ] as const;
  test("whether a label encrypts is not known, unless it was read before", async () => {
    expect(await useOf(labeled, "", unread)).toEqual({ use: "unknown", ...notKnown });
    expect(await useOf(labeled)).toMatchObject({ use: "yes", usable: 2 });
    expect(await useOf(known, "", unread)).toEqual({ use: "yes", usable: 3, cite_only: 0, bytes_only: 0 });
  });
  test("what nobody looked at may have one that encrypts, and what has none may be used", async () => {
    expect(await useOf(looked, "", unread)).toEqual({ use: "unknown", ...notKnown });
    expect(await useOf(seen, "", unread)).toEqual({ use: "yes", usable: 2, cite_only: 0, bytes_only: 0 });
  });
  test("nor whether what a rule keeps from answers can be opened; each item counts once", async () => {
    expect(await useOf(gated, "", unread)).toEqual({ use: "yes", ...notKnown });
  });
});

describe("copies", () => {
  const secret = label("l", { encrypted: true });
  /** Whoever may use `a` gets at what it carries; `p` is granted nothing. */
  const carrying = [
    ...store(2, 0).filter((put) => put.kind !== "GRANTED" && put.kind !== "ACTS_AS"),
    { kind: "Principal", id: "u", props: { kind: "User" } },
    rel("EMBEDS", ["Agent", "a"], ["Scope", "account"]),
    rel("MAY_USE", ["Principal", "u"], ["Agent", "a"]),
    secret,
  ];
  const named = (view: boolean, extract: boolean) =>
    rel("LABEL_RIGHTS", ["Principal", "u"], ["Label", "l"], { view, extract });
  const unknown = { use: "unknown", usable: null, cite_only: null, bytes_only: null };

  const [opened, cited, strange] = [
    guarded.add([...carrying, named(true, true)]),
    guarded.add([...carrying, named(true, false)]),
    guarded.add([...carrying, elsewhere]),
  ];
  const disabled = guarded.add([
    ...carrying.filter((put) => !("id" in put && put.id === "u")),
    ...[{ kind: "Principal", id: "u", props: { kind: "User", enabled: false } }, named(true, true)],
  ]);
  test("an embedded file keeps its label: whom the label names uses it", async () => {
    expect(await useOf(opened)).toEqual({ use: "yes", usable: 2, cite_only: 0, bytes_only: 0 });
    expect(await useOf(cited)).toEqual(unknown);
  });

  test("whether anybody who may use the agent can open the label is unknown where nobody of them is named", async () => {
    expect(await useOf(strange)).toEqual(unknown);
    expect(await useOf(disabled)).toEqual(unknown);
  });

  const copied = (...more: Put[]) =>
    guarded.add([
      ...store(2, 0).filter((put) => put.kind !== "GRANTED"),
      { kind: "Scope", id: "index", props: { kind: "SearchIndex", plane: "azure" } },
      rel("COPIED_TO", ["Scope", "account"], ["Scope", "index"]),
      rel("GRANTED", ["Principal", "p"], ["Scope", "index"], { key: "1", flow: "containment", read: true }),
      ...[secret, ...more],
    ]);
  const copies = [copied(elsewhere), copied(rights(true, false)), copied(rights(true, true))] as const;
  test("a copy may have lost its encryption: what the label would keep from answers is unknown", async () => {
    expect(await useOf(copies[0], "account")).toEqual(unknown);
    expect(await useOf(copies[1], "account")).toEqual(unknown);
    expect(await useOf(copies[2], "account")).toEqual({
      ...{ use: "yes", usable: 2, cite_only: 0, bytes_only: 0 },
    });
  });
});
