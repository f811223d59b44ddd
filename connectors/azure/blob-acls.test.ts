/** Access lists crawled from the simulator: what protects each file, stops, refusals. */
import { describe, expect, it } from "vitest";
import { smallTenant } from "../../simulator/testing.ts";
import type { Page, StepContext } from "../../src/connector.ts";
import type { GraphRecord, NodeRecord, RelProps } from "../../src/schema.ts";
import { HOST, simulatedHttp } from "../../test/simulated-http.ts";
import { type AccessList, parseAcl } from "./acl.ts";
import { AclWalk } from "./blob-acls.ts";
import { blobs } from "./blobs.ts";

const tenant = smallTenant();
const { places, files, accessLists } = tenant;
const C = Array.from({ length: 60 }, (_, n) => n).find(
  (n) => places.hierarchical(places.accountOf(n)) && files.of(n)[1] - files.of(n)[0] > 20,
)!;
const SCOPE = places.containerId(C).toLowerCase();

interface Options {
  /** Reads that are refused: a part of method and path. */
  refused?: RegExp;
  /** Changes an answer's text. */
  edit?: (text: string) => string;
  /** The listing breaks for good after so many pages. */
  breakAfter?: number;
}

function contextOf({ refused, edit, breakAfter = Number.POSITIVE_INFINITY }: Options = {}) {
  let listings = 0;
  const { http, requests } = simulatedHttp(tenant, blobs.reads, {
    refuse(request) {
      if (refused?.test(request)) return 403;
      return request.includes("comp=list") && ++listings > breakAfter ? 400 : undefined;
    },
    // Small pages, so that there are several.
    ask: (url) => url.searchParams.has("comp") && url.searchParams.set("maxresults", "40"),
    ...(edit === undefined ? {} : { edit }),
  });
  const account = places.accountOf(C);
  const nodes: NodeRecord[] = [
    {
      kind: "Scope",
      id: places.accountId(account).toLowerCase(),
      props: { kind: "StorageAccount", url: `${HOST}/blob/${places.accountName(account)}/`, hns: true },
    },
    { kind: "Scope", id: SCOPE, props: { kind: "Container" } },
  ];
  const context: StepContext = {
    http,
    tenantId: tenant.world.tenantId,
    level: "metadata",
    isAgent: () => undefined,
    async *known(kind, where = {}) {
      for (const node of nodes)
        if (node.kind === kind && node.props.kind === (where.kind ?? node.props.kind)) yield node;
    },
    targets: () => Promise.resolve(new Set()),
    includes: () => true,
    signal: new AbortController().signal,
  };
  return { context, requests };
}

async function crawl(options: Options = {}, cursor?: string): Promise<Page[]> {
  const pages: Page[] = [];
  const pass = { scope: SCOPE, mode: "full", ...(cursor === undefined ? {} : { cursor }) } as const;
  for await (const page of blobs.crawl(contextOf(options).context, pass)) pages.push(page);
  return pages;
}
const recordsOf = (pages: readonly Page[]): GraphRecord[] =>
  pages.flatMap(({ changes }) => changes.flatMap((change) => ("put" in change ? [change.put] : [])));
/** As the inventory keeps them: once each, whatever page they came on. */
const kept = (pages: readonly Page[]): string[] =>
  [...new Set(recordsOf(pages).map((record) => JSON.stringify(record)))].sort();
const grantsAt = (records: readonly GraphRecord[], scope: string) =>
  records.flatMap((record) =>
    record.kind === "GRANTED" && record.to.id === scope ? [{ ...record.props, from: record.from.id! }] : [],
  );

/** The order of the vendor's page, for one identity on one list. */
function permits(list: AccessList, want: number, id: string, groups: ReadonlySet<string>): boolean {
  const mask = list.mask ?? 7;
  const named = list.users.get(id);
  if (named !== undefined) return (named & mask & want) === want;
  for (const [group, bits] of list.groups)
    if (groups.has(group) && (bits & mask & want) === want) return true;
  return (list.other & mask & want) === want;
}

describe("access lists of a container", () => {
  it("protect each file by a derived scope whose grants are exactly whom the lists let read it", async () => {
    const pages = await crawl();
    const records = recordsOf(pages);
    expect(pages.length).toBeGreaterThan(2);
    expect(pages.flatMap(({ gaps }) => gaps ?? [])).toEqual([]);
    const scopeOf = new Map(
      records.flatMap((record) => (record.kind === "PROTECTED_BY" ? [[record.from.id!, record.to.id!]] : [])),
    );
    const root = accessLists.root(C);
    const text = [root.acl, ...[0, 1, 2].map((n) => accessLists.directory(C, `000${n}-x`).acl)].join();
    const agents = new Set([...text.matchAll(/user:([^:]+):/g)].map(([, id]) => id!));
    const groups = [...new Set([...text.matchAll(/group:([^:]+):/g)].map(([, id]) => id!))];
    const people = [...agents, "somebody"].flatMap((id) =>
      [[], groups.slice(0, 1), groups.slice(1), groups].map((some) => ({ id, groups: new Set(some) })),
    );
    const [from, to] = files.of(C);
    const outcomes = new Set<boolean>();
    for (let i = from; i < to; i++) {
      const file = files.file(i);
      const scope = scopeOf.get(`${SCOPE}/blobs/${file.name}`)!;
      const lists = [root, accessLists.directory(C, file.name.split("/")[0]!)].map(parseAcl);
      const own = parseAcl(accessLists.file(C, file));
      for (const who of people) {
        const expected =
          lists.every((list) => permits(list, 1, who.id, who.groups)) && permits(own, 4, who.id, who.groups);
        const actual = grantsAt(records, scope).some(
          ({ from: id, read, together, excluded }) =>
            read &&
            (id === "everyone" || id === who.id || who.groups.has(id)) &&
            (together ?? []).every((other) => who.groups.has(other)) &&
            !(excluded ?? []).includes(who.id),
        );
        expect([file.name, who, actual]).toEqual([file.name, who, expected]);
        outcomes.add(expected);
      }
    }
    expect(outcomes).toEqual(new Set([true, false]));
    for (const record of records)
      if (record.kind === "Scope")
        expect(record).toMatchObject({ props: { kind: "AccessList", plane: "azure" } });
    expect(records.some((record) => record.kind === "WITHIN" && record.to.id === SCOPE)).toBe(true);
  });

  it("come to the same when the crawl is stopped after any page and goes on", async () => {
    const whole = await crawl();
    for (let stop = 0; stop < whole.length - 1; stop++) {
      const rest = await crawl({}, whole[stop]!.cursor);
      expect(kept([...whole.slice(0, stop + 1), ...rest])).toEqual(kept(whole));
    }
  });

  it("end with an error, not with fewer files, where a page fails", async () => {
    await expect(crawl({ breakAfter: 2 })).rejects.toThrow();
  });

  it("are an upper bound, with a gap, where the root's list was refused", async () => {
    const pages = await crawl({ refused: /^HEAD / });
    expect(pages.flatMap(({ gaps }) => gaps ?? [])).toMatchObject([
      {
        step: "azure.access-lists",
        scope: SCOPE,
        state: "denied",
        fix: expect.stringContaining("Blob Data Reader"),
      },
    ]);
    const grants = recordsOf(pages).flatMap((record) =>
      record.kind === "GRANTED" && record.props ? [record.props as RelProps<"GRANTED">] : [],
    );
    expect(grants.length).toBeGreaterThan(0);
    for (const grant of grants)
      expect(grant).toMatchObject({ certainty: "upper-bound", reason_code: "acl-unread" });
    // The gap outlives a stop.
    const rest = await crawl({}, pages[0]!.cursor);
    expect(rest.at(-1)!.gaps).toMatchObject([{ step: "azure.access-lists", state: "denied" }]);
  });

  it("are a counted gap where they are missing or not understood, and the files stay", async () => {
    const broken = await crawl({ edit: (text) => text.replaceAll("mask::rwx", "mask::zzz") });
    expect(broken.at(-1)!.gaps).toMatchObject([
      { step: "azure.access-lists", state: "partial", reason: expect.stringMatching(/lists of \d+ files/) },
    ]);
    const [from, to] = files.of(C);
    const items = recordsOf(broken).filter(({ kind }) => kind === "Item");
    expect(items.length).toBeGreaterThanOrEqual(to - from);
  });

  it.each(["Owner", "Group", "Permissions"])(
    "are a counted gap where they are told without %s, for then not all is known of who may do what",
    async (part) => {
      const untold = new RegExp(`<${part}>[^<]*</${part}>`, "g");
      const pages = await crawl({ edit: (text) => text.replaceAll(untold, "") });
      expect(pages.at(-1)!.gaps).toMatchObject([
        { step: "azure.access-lists", state: "partial", reason: expect.stringMatching(/lists of \d+ files/) },
      ]);
      expect(recordsOf(pages).filter(({ kind }) => kind === "GRANTED")).toEqual([]);
    },
  );

  it("never ask for keys or write, and read nothing but the listing and one list", async () => {
    const { context, requests } = contextOf();
    for await (const _ of blobs.crawl(context, { scope: SCOPE, mode: "full" }));
    expect(
      requests.filter((request) => !/^(HEAD .*action=getAccessControl|GET .*comp=list)/.test(request)),
    ).toEqual([]);
    expect(requests.filter((request) => request.startsWith("HEAD"))).toHaveLength(1);
  });
});

describe("a walk", () => {
  const text = (acl: string) => ({
    Acl: acl,
    Owner: "$superuser",
    Group: "$superuser",
    Permissions: "rwxr-x---",
  });
  type Blob = Parameters<AclWalk["take"]>[0];
  const blob = (name: string, acl?: string) =>
    ({ name, properties: acl === undefined ? {} : text(acl) }) as unknown as Blob;
  const OPEN = "user::rwx,group::r-x,other::r-x";
  const start = () => ({ root: { acl: OPEN }, directories: [], unread: 0 });

  it("keeps directories that files may still follow of, in either order of a listing", () => {
    const walk = new AclWalk("c", start());
    for (const name of ["a", "a-b", "z"]) walk.take(blob(name, OPEN), true, "c");
    expect(walk.position("a-b/1").directories.map(([path]) => path)).toEqual(["a", "a-b", "z"]);
    expect(walk.position("a/1").directories.map(([path]) => path)).toEqual(["a", "z"]);
    expect(walk.position("b").directories.map(([path]) => path)).toEqual(["z"]);
  });

  it("does not lose a file whose directory was not listed: an upper bound, counted as a gap", () => {
    const walk = new AclWalk("c", start());
    const { scope, records } = walk.take(blob("nowhere/file", OPEN), false, "c");
    expect(scope).toMatch(/^c\/acl:/);
    expect(records).toContainEqual(
      expect.objectContaining({
        kind: "GRANTED",
        props: expect.objectContaining({ certainty: "upper-bound" }),
      }),
    );
    expect(walk.gap()).toMatchObject({ state: "partial" });
  });

  it("says each derived scope once", () => {
    const walk = new AclWalk("c", start());
    expect(walk.take(blob("1", OPEN), false, "c").records.length).toBeGreaterThan(0);
    expect(walk.take(blob("2", OPEN), false, "c").records).toEqual([]);
  });
});
