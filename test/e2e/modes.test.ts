/** What an agent reads in several modes and by servers: counted once, and drawn with words. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { newFolder, recordsIn, run } from "./cli.ts";

const ref = (kind: string, id: string) => ({ kind, id });
const node = (kind: string, id: string, props: object) => ({ put: { ...ref(kind, id), props } });
const rel = (kind: string, from: object, to: object, props: object = {}) => ({
  put: { kind, from, to, props },
});
const BOT = ref("Agent", "bot");
const server = (id: string) => [
  node("McpServer", id, { name: id }),
  rel("USES", BOT, ref("McpServer", id)),
  rel("ACTS_AS", ref("McpServer", id), ref("Principal", "maker"), { key: "app", mode: "app" }),
];

/** One box of two sensitive files, read by the agent itself, by its maker's connection, and by two servers. */
const RECORDS = [
  node("Agent", "bot", { name: "Bot", platform: "entra", estate: "managed", status: "enabled" }),
  node("Principal", "bot", { kind: "AgentIdentity", name: "Bot", enabled: true }),
  node("Principal", "maker", { kind: "ServicePrincipal", name: "Maker", enabled: true }),
  node("Principal", "ana", { kind: "User", name: "Ana", enabled: true }),
  rel("SPONSORS", ref("Principal", "ana"), BOT),
  rel("ACTS_AS", BOT, ref("Principal", "bot"), { key: "app", mode: "app" }),
  rel("ACTS_AS", BOT, ref("Principal", "maker"), { key: "maker", mode: "maker" }),
  ...[...server("one"), ...server("two")],
  node("Scope", "box", { kind: "Container", name: "box", plane: "azure" }),
  ...["bot", "maker"].map((who) =>
    rel("GRANTED", ref("Principal", who), ref("Scope", "box"), {
      ...{ key: `g-${who}`, flow: "containment", tier: "now", certainty: "exact" },
      ...{ read: true, see: true, role: "Reader" },
    }),
  ),
  node("Label", "unlabeled", { kind: "None", name: "unlabeled" }),
  ...["one.txt", "two.txt"].flatMap((id) => [
    node("Item", id, { kind: "File", name: id, size: 1, types: "IBAN" }),
    rel("PROTECTED_BY", ref("Item", id), ref("Scope", "box")),
    rel("LABELED", ref("Item", id), ref("Label", "unlabeled")),
  ]),
];

test("two files that an agent reads in two modes and by two servers are two files", async () => {
  const folder = newFolder();
  const file = recordsIn(folder, RECORDS, "modes");
  const imported = await run(["import", file], { folder });
  expect(imported.code, imported.stderr).toBe(0);
  const jsonOf = async (...args: string[]) =>
    JSON.parse((await run([...args, "--format", "json"], { folder })).stdout.trim()) as object;

  const rows = await run(["reach", "Bot", "--format", "csv"], { folder });
  expect(rows.stdout.trimEnd().split("\r\n")).toHaveLength(5);
  const summary = await run(["reach"], { folder });
  expect(summary.stdout).toMatch(/^Bot +│? *Ana\b[^0-9]+2[^0-9]+2[^0-9]+2[^0-9]/m);
  expect(await jsonOf("query", "agents-by-readable-items")).toMatchObject({
    ...{ items: 2, sensitive: 2, unlabeled_sensitive: 2 },
  });
  expect(await jsonOf("query", "sponsors-by-reach")).toMatchObject({ agents: 1, places: 1, sensitive: 2 });
  expect(await jsonOf("query", "agent-reaches-many-sensitive-items", "--param", "threshold=1")).toMatchObject(
    { sensitive_items: 2 },
  );
  const found = await run(["findings"], { folder });
  expect(found.stdout).toMatch(
    /^high +new +\S.* agent Bot \(bot\), agent owner Ana, scope box \(box\), scope kind Container, unlabeled sensitive items 2 *$/m,
  );
  expect(found.stdout).toMatch(/\n1 high\.\n$/);
  expect(await jsonOf("findings")).toMatchObject({ severity: "high", status: "new" });
  const page = join(folder, "page.html");
  expect(await run(["reach", "--all", "--out", page], { folder })).toMatchObject({ code: 0 });
  expect(readFileSync(page, "utf8").match(/data-n="2"/g)).toHaveLength(3);
  const gone = ["bot", "maker"].map((who) => ({
    remove: { kind: "GRANTED", from: ref("Principal", who), to: ref("Scope", "box"), key: `g-${who}` },
  }));
  expect((await run(["import", recordsIn(folder, gone, "modes")], { folder })).code).toBe(0);
  expect((await run(["findings"], { folder })).stdout).toMatch(/^high +resolved .*\n1 resolved\.\n$/ms);
});

test("people are told what a place lets read, also where a row above counts what lies there; unknown is not zero", async () => {
  const desk = ref("Agent", "desk");
  const asks = ref("Principal", "ana");
  const folder = newFolder();
  const more = [
    node("Scope", "account", { kind: "StorageAccount", name: "account", plane: "azure" }),
    rel("WITHIN", ref("Scope", "box"), ref("Scope", "account")),
    rel("GRANTED", ref("Principal", "bot"), ref("Scope", "account"), {
      ...{ key: "g-seer", flow: "containment", tier: "now", certainty: "exact", see: true, role: "Lister" },
    }),
    node("Agent", "desk", { name: "Desk", status: "enabled" }),
    node("Principal", "client", { kind: "ServicePrincipal", enabled: true }),
    rel("ACTS_AS", desk, ref("Principal", "client"), { key: "app", mode: "app" }),
    rel("MAY_USE", asks, desk),
    rel("GRANTED", asks, ref("Scope", "box"), {
      ...{ key: "g-ana", flow: "containment", tier: "now", certainty: "exact", read: true, role: "Reader" },
    }),
    rel("CONSENTED", ref("Principal", "client"), ref("Scope", "account"), {
      ...{ key: "c", type: "delegated", permission: "Says.Nothing", user: "*" },
    }),
  ];
  expect(await run(["import", recordsIn(folder, [...RECORDS, ...more], "people")], { folder })).toMatchObject(
    { code: 0 },
  );
  const ofBot = await run(["reach", "Bot", "--mode", "app"], { folder });
  expect(ofBot.stdout).toMatch(/readable items +readable sensitive/);
  expect(ofBot.stdout).toMatch(/^Bot +account +StorageAccount +subtree +no +no +no +app +now +exact +0 +0 /m);
  expect(ofBot.stdout).toMatch(/^Bot +box +Container +subtree +yes +no +no +app +now +exact +2 +2 /m);
  const ofDesk = await run(["reach", "Desk", "--format", "json"], { folder });
  const [first] = ofDesk.stdout.split("\n");
  expect(JSON.parse(first!)).toMatchObject({
    ...{ scope_id: "box", mode: "on-behalf-of", read: "unknown", total_items: 2 },
    ...{ readable_items: null, readable_sensitive: null, readable_unlabeled_sensitive: null },
  });
  const summary = (await run(["reach"], { folder })).stdout;
  expect(summary).toMatch(/^Desk .* not counted +not counted +not counted /m);
  const leftOut = /^Left out of these figures: places whose files nobody counted, or of which nobody knows/m;
  expect(summary).toMatch(leftOut);
  expect((await run(["reach", "--mode", "app"], { folder })).stdout).not.toMatch(leftOut);
  const page = join(folder, "page.html");
  expect(await run(["reach", "--out", page], { folder })).toMatchObject({ code: 0 });
  expect(readFileSync(page, "utf8")).toContain("Left out of these figures: ");
});

test("the arrow to a server has a word in the picture", async () => {
  const folder = newFolder();
  const file = join(folder, "lent.jsonl");
  // Of unknown identity: the server is the last that is known.
  const acts = rel("ACTS_AS", BOT, ref("Principal", "bot"), { key: "app", mode: "app" });
  const lent = [node("Agent", "bot", { name: "Bot" }), acts, ...server("one").slice(0, 2)];
  writeFileSync(file, lent.map((line) => JSON.stringify(line)).join("\n"));
  expect((await run(["import", file], { folder })).code).toBe(0);
  const page = join(folder, "page.html");
  expect(await run(["reach", "Bot", "--out", page], { folder })).toMatchObject({ code: 0 });
  expect(readFileSync(page, "utf8")).toContain("Bot; uses, one");
});
