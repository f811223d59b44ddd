/**
 * The recorded tenant, and changed copies of it, judged straight from the recording: for every service principal
 * and storage account read, write, manage and discover as its role assignments imply, beside what the program says.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { changed, type Exchange, evaluateRecording, type Rights, recordingOf } from "./oracle/recording.ts";

const ROOT = join(import.meta.dirname, "..");
const RECORDING = join(ROOT, "../shared/inputs/tenant-a/exchanges.jsonl");
const CLI = join(ROOT, "dist/src/cli.js");
const ACCOUNT = "Microsoft.Storage/storageAccounts";
const BLOBS = `${ACCOUNT}/blobServices/containers/blobs`;
/** The built-in roles Storage Blob Data Contributor, Storage Blob Data Reader and Contributor. */
const DATA_CONTRIBUTOR = "ba92f5b4-2d11-453d-a403-e96b0029c9fe";
const DATA_READER = "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1";
const CONTRIBUTOR = "b24988ac-6180-42a0-ab88-20f7382dd24c";
const EVERYONE = "00000000-0000-0000-0000-000000000000";
const NOTHING: Rights = { discover: "no", read: "no", write: "no", manage: "no" };
const ALL: Rights = { discover: "yes", read: "yes", write: "yes", manage: "yes" };

const folder = mkdtempSync(join(tmpdir(), "recorded-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Rows of a CSV file as RFC 4180 has it. */
function parseCsv(text: string): Record<string, string>[] {
  const rows: string[][] = [[]];
  for (const [, quoted, plain = "", end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n|$)/g)) {
    rows.at(-1)!.push(quoted === undefined ? plain : quoted.replaceAll('""', '"'));
    if (end === "\r\n") rows.push([]);
    if (end === "") break;
  }
  const [header = [], ...body] = rows;
  return body
    .filter((row) => row.length === header.length)
    .map((row) => Object.fromEntries(header.map((name, index) => [name, row[index]!])));
}

/** Runs the program. A recording lacks parts, so 3 (the answer is incomplete) is the exit code to expect. */
function run(data: string, ...args: string[]): string {
  const ended = spawnSync(process.execPath, [CLI, ...args, "--data", data], {
    cwd: folder,
    encoding: "utf8",
    maxBuffer: 1 << 28,
  });
  expect(ended.status, `${args.join(" ")}\n${ended.stderr}`).toBe(3);
  return ended.stdout;
}

/** What the program says, in the form of the evaluation; latent and potential rights are not part of it. */
function said(name: string, exchanges: readonly Exchange[]): Map<string, Rights> {
  const file = join(folder, `${name}.jsonl`);
  writeFileSync(file, exchanges.map((one) => `${JSON.stringify(one)}\n`).join(""));
  const data = join(folder, name);
  run(data, "scan", "--replay", file, "--agents", "service-principals");
  const result = new Map<string, Rights>();
  for (const row of parseCsv(run(data, "reach", "--all", "--expand", "--format", "csv"))) {
    if (row.mode !== "app" || (row.tier !== "now" && row.tier !== "conditional")) continue;
    const pair = `${row.agent_id}|${row.scope_id}`;
    const rights = { ...(result.get(pair) ?? NOTHING) };
    for (const right of ["discover", "read", "write", "manage"] as const)
      if (row[right] === "yes" && rights[right] !== "yes")
        rights[right] = row.tier === "now" ? "yes" : "conditional";
    result.set(pair, rights);
  }
  return result;
}

describe.skipIf(!existsSync(RECORDING))("the recorded tenant", () => {
  const original = existsSync(RECORDING) ? recordingOf(readFileSync(RECORDING, "utf8").split("\n")) : [];
  const base = changed(original);
  const subscription = base.accounts[0]?.split("/").slice(0, 3).join("/") ?? "";
  const account = (name: string) => base.accounts.find((id) => id.endsWith(`/${name}`)) ?? "";
  const [keyed, keyless] = [account("j1teststorageaccount"), account("examplestorageaccount5")];
  /** Service principals without any role assignment, so that all they can do is what a test gives them. */
  const [first = "", second = "", third = "", fourth = "", fifth = "", sixth = ""] = base.idle;
  const made = new Map<string, readonly Exchange[]>();
  const all = (name: string): readonly Exchange[] => {
    const exchanges = made.get(name) ?? copyOf(name);
    made.set(name, exchanges);
    return exchanges;
  };
  const copyOf = (name: string): readonly Exchange[] => {
    const copy = changed(original);
    const [groupA = "", groupB = ""] = copy.groups;
    // In one copy, each for principals of its own: a scan more takes longer than all that is asked of it.
    if (name === "changed") {
      copy.member(groupA, fifth, "servicePrincipal");
      copy.member(groupB, groupA, "group");
      copy.member(groupA, groupB, "group");
      copy.assign({ principal: groupB, role: DATA_READER, scope: keyed, type: "Group" });

      const half = copy.role({
        dataActions: [`${BLOBS}/*`],
        notDataActions: [`${BLOBS}/WRITE`, `${BLOBS}/delete`, `${BLOBS}/add/action`, `${BLOBS}/mo*`],
      });
      const back = copy.role({ dataActions: ["Microsoft.Storage/*/add/action"] });
      copy.assign({ principal: sixth, role: half, scope: subscription });
      copy.assign({ principal: sixth, role: back, scope: keyed });

      const only = (rest: string) => `((!(ActionMatches{'${BLOBS}/read'})) OR (${rest}))`;
      const named = (one: string) => only(`@Resource[${ACCOUNT}:name] StringEquals '${one}'`);
      const give = (principal: string, condition: string) =>
        copy.assign({ principal, role: DATA_CONTRIBUTOR, scope: subscription, condition });
      give(first, named("j1teststorageaccount"));
      give(second, named("nosuchaccount"));
      give(third, only("@Environment[isPrivateLink] BoolEquals true"));
      give(fourth, named("nosuchaccount"));
      copy.assign({ principal: fourth, role: DATA_READER, scope: keyed });
      copy.conditionsRead();
    }
    if (name === "denies") {
      for (const principal of [first, second]) {
        copy.assign({ principal, role: DATA_CONTRIBUTOR, scope: subscription });
        copy.assign({ principal, role: CONTRIBUTOR, scope: keyed });
      }
      copy.assign({ principal: third, role: CONTRIBUTOR, scope: keyed });
      copy.assign({ principal: fourth, role: DATA_READER, scope: subscription });
      copy.deny({
        scope: subscription,
        principals: [EVERYONE],
        excluded: [second],
        dataActions: [`${BLOBS}/write`, `${BLOBS}/add/action`, `${BLOBS}/delete`],
      });
      copy.deny({
        scope: keyed,
        principals: [third],
        actions: [`${ACCOUNT}/*/action`],
        notActions: [`${ACCOUNT}/listServiceSas/action`],
      });
      copy.deny({
        scope: subscription,
        principals: [fourth],
        dataActions: ["*"],
        children: false,
      });
    }
    return copy.exchanges();
  };
  const evaluated = new Map<string, ReturnType<typeof evaluateRecording>>();
  const evaluationOf = (name: string) => {
    const found = evaluated.get(name) ?? evaluateRecording(all(name));
    evaluated.set(name, found);
    return found;
  };
  const at = (name: string, principal: string, place: string): Rights =>
    evaluationOf(name).get(`${principal}|${place}`) ?? NOTHING;

  describe("as evaluated", () => {
    test("has the service principals, accounts and assignments that its description names", () => {
      expect(base.accounts).toHaveLength(13);
      expect(evaluationOf("original").size).toBe(405 * 13);
      expect(base.idle.length).toBeGreaterThan(300);
    });
    test("gives a group’s role to whoever is in a group in it", () => {
      expect(at("changed", fifth, keyed)).toEqual({ ...NOTHING, discover: "yes", read: "yes" });
      expect(at("changed", fifth, keyless)).toEqual(NOTHING);
    });
    test("subtracts NotDataActions within one role only", () => {
      const read: Rights = { ...NOTHING, discover: "yes", read: "yes" };
      expect(at("changed", sixth, keyless)).toEqual({ ...read, manage: "yes" });
      expect(at("changed", sixth, keyed)).toEqual({ ...read, manage: "yes", write: "yes" });
    });
    test("lets denies take single actions away, but neither from the excluded nor from who holds a key", () => {
      const read: Rights = { ...NOTHING, discover: "yes", read: "yes" };
      expect(at("denies", first, keyless)).toEqual(read);
      expect(at("denies", second, keyless)).toEqual({ ...read, write: "yes" });
      expect(at("denies", first, keyed)).toEqual(ALL);
      expect(at("denies", third, keyed)).toEqual(ALL);
      expect(at("denies", fourth, keyless)).toEqual(read);
    });
    test("decides a condition on the account’s name and leaves one on the network to the request", () => {
      const write: Rights = { ...NOTHING, discover: "yes", write: "yes" };
      expect(at("changed", first, keyed)).toEqual({ ...write, read: "yes" });
      expect(at("changed", first, keyless)).toEqual(write);
      expect(at("changed", second, keyed)).toEqual(write);
      expect(at("changed", third, keyed)).toEqual({ ...write, read: "conditional" });
      expect(at("changed", fourth, keyed)).toEqual({ ...write, read: "yes" });
    });
  });

  describe.skipIf(!existsSync(CLI))("as the program says", () => {
    const copies = ["original", "changed", "denies"];
    test.each(copies)("equals the evaluation: %s", { timeout: 300_000 }, (name) => {
      const rows = said(name, all(name));
      const wrong: string[] = [];
      for (const [pair, rights] of evaluationOf(name)) {
        const found = rows.get(pair) ?? NOTHING;
        const [law, answer] = [JSON.stringify(rights), JSON.stringify(found)];
        if (law !== answer) wrong.push(`${pair}: law ${law}, program ${answer}`);
      }
      expect(wrong).toEqual([]);
    });
  });
});
