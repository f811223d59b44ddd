/** The part of an inventory that a crawl uses, in memory: what the tests of the crawl look into. */

import type { CrawlInventory } from "../src/collect/pass.ts";
import type { Page } from "../src/connector.ts";
import type { CoverageRow, OpenPass } from "../src/keep/inventory.ts";
import { type Coverage, type CoverageState, StoreError } from "../src/model.ts";
import type { NodeKind, NodeRecord } from "../src/schema.ts";

interface Partition {
  nodes: Map<string, NodeRecord>;
  token: string | undefined;
  fingerprint: string | undefined;
  coverage: Coverage | undefined;
  endedAt: number;
  open:
    | { mode: "full" | "delta"; cursor: string | undefined; pages: Page[]; startedAt: number; token?: string }
    | undefined;
  /** Gaps that the last passes met. */
  gaps: Coverage[];
}

export interface MemoryInventory extends CrawlInventory {
  /** Ids of the nodes of one partition, sorted. */
  ids(step: string, scope?: string): string[];
  states(): Record<string, CoverageState>;
  find(step: string, scope?: string): CoverageRow | undefined;
  /** The program dies (or the disk fails) when this many more pages were saved. */
  dieAfter(pages: number): void;
  readonly scans: { id: string; state: string }[];
}

/** As text, in the order of time. */
const timeOf = (ticks: number): string => String(ticks).padStart(9, "0");

export function createMemoryInventory(): MemoryInventory {
  const partitions = new Map<string, Partition>();
  const scans: { id: string; startedAt: string; state: string; fingerprint: string }[] = [];
  let clock = 0;
  let lives = Number.POSITIVE_INFINITY;
  const split = (key: string) => {
    const at = key.indexOf("|");
    return { step: key.slice(0, at), scope: key.slice(at + 1) };
  };
  const part = (step: string, scope: string) => {
    const key = `${step}|${scope}`;
    const blank = { token: undefined, fingerprint: undefined, coverage: undefined, open: undefined };
    const found = partitions.get(key) ?? {
      ...{ nodes: new Map<string, NodeRecord>(), gaps: [], endedAt: 0 },
      ...blank,
    };
    partitions.set(key, found);
    return found;
  };
  const write = (nodes: Map<string, NodeRecord>, pages: readonly Page[]) => {
    for (const change of pages.flatMap((page) => page.changes)) {
      if ("remove" in change && "id" in change.remove) nodes.delete(change.remove.id);
      if ("put" in change && "id" in change.put) nodes.set(change.put.id, change.put);
    }
  };
  const rows = (): CoverageRow[] =>
    [...partitions.values()].flatMap(({ coverage, nodes, gaps }) =>
      [...(coverage === undefined ? [] : [coverage]), ...gaps].map((stated) => ({
        ...{ ...stated, accepted: undefined, records: nodes.size },
        ...{ observedFrom: undefined, observedTo: undefined },
      })),
    );
  const gapsOf = (pages: readonly Page[]) => pages.flatMap((page) => page.gaps ?? []);

  return {
    scans,
    async startScan(fingerprint) {
      const last = scans.at(-1);
      const resumed = last !== undefined && last.state !== "complete" && last.fingerprint === fingerprint;
      if (!resumed) {
        for (const partition of partitions.values()) partition.open = undefined;
        clock += 1;
        scans.push({ id: `scan-${scans.length}`, startedAt: timeOf(clock), state: "running", fingerprint });
      }
      const { id, startedAt } = scans.at(-1)!;
      return { id, startedAt, resumed };
    },
    async endScan(id, state) {
      scans.find((scan) => scan.id === id)!.state = state;
    },
    async begin(step, scope, { mode, fingerprint, since }): Promise<OpenPass> {
      const partition = part(step, scope);
      const valid = partition.fingerprint === fingerprint;
      const resumed =
        valid && partition.open !== undefined && partition.open.startedAt >= Number(since ?? "0");
      if (!resumed) {
        const delta = mode === "delta" && valid && partition.token !== undefined;
        const cursor = delta ? partition.token : undefined;
        partition.open = { mode: delta ? "delta" : "full", cursor, pages: [], startedAt: clock };
      }
      partition.fingerprint = fingerprint;
      const open = partition.open!;
      const end = (coverage: Omit<Coverage, "step" | "scope">, clear: boolean) => {
        if (clear) partition.nodes.clear();
        write(partition.nodes, open.pages);
        const met = gapsOf(open.pages).filter((gap) => gap.step !== step || gap.scope !== scope);
        partition.gaps = clear ? met : [...partition.gaps, ...met];
        partition.coverage = { step, scope, ...coverage };
        partition.open = undefined;
        clock += 1;
        partition.endedAt = clock;
      };
      const save = (page: Page) => {
        if (lives === 0) throw new StoreError("disk", "the disk is full");
        lives -= 1;
        open.pages.push(page);
        open.cursor = page.cursor;
        if (page.deltaToken !== undefined) open.token = page.deltaToken;
      };
      return {
        mode: open.mode,
        cursor: open.cursor,
        resumed,
        async apply(page) {
          save(page);
        },
        async finish(last) {
          if (last !== undefined) save(last);
          if (open.token !== undefined) partition.token = open.token;
          const gap = gapsOf(open.pages).findLast((met) => met.step === step);
          if (gap === undefined) end({ state: "complete" }, open.mode === "full");
          else end({ state: "partial", ...(gap.reason === undefined ? {} : { reason: gap.reason }) }, false);
        },
        async abandon(coverage) {
          end({ ...coverage, state: open.pages.length > 0 ? "partial" : coverage.state }, false);
        },
        async restart() {
          partition.open = undefined;
          partition.token = undefined;
        },
      };
    },
    async ended(step, scope, since) {
      const { endedAt, coverage } = part(step, scope);
      return endedAt >= Number(since) ? coverage?.state : undefined;
    },
    async lastRead(steps) {
      const read = [...partitions].filter(
        ([key, { coverage }]) =>
          steps.includes(split(key).step) && ["complete", "partial"].includes(coverage?.state ?? ""),
      );
      return read.length === 0 ? undefined : timeOf(Math.max(...read.map(([, { endedAt }]) => endedAt)));
    },
    async note(coverage) {
      part(coverage.step, coverage.scope).coverage = coverage;
    },
    async retain(step, scopes) {
      for (const key of partitions.keys()) {
        const at = split(key);
        if (at.step === step && !scopes.has(at.scope)) partitions.delete(key);
      }
    },
    coverage: async () => rows(),
    // It keeps no relationships.
    targets: () => Promise.resolve(new Set()),
    async *known(kind: NodeKind, where = {}, steps) {
      // A node is what all partitions together say of it; the first that says a property decides.
      const merged = new Map<string, NodeRecord>();
      for (const [key, { nodes, open }] of partitions) {
        if (steps !== undefined && !steps.includes(split(key).step)) continue;
        const all = new Map(nodes);
        write(all, open?.pages ?? []);
        for (const node of all.values()) {
          if (node.kind !== kind) continue;
          const props = { ...node.props, ...merged.get(node.id)?.props };
          merged.set(node.id, { ...node, props } as NodeRecord);
        }
      }
      for (const node of merged.values()) {
        const props = new Map<string, unknown>(Object.entries(node.props));
        if (Object.entries(where).every(([key, value]) => props.get(key) === value)) yield node;
      }
    },
    ids: (step, scope = "") => [...(partitions.get(`${step}|${scope}`)?.nodes.keys() ?? [])].sort(),
    states: () =>
      Object.fromEntries(
        rows().map(({ step, scope, state }) => [scope === "" ? step : `${step} ${scope}`, state]),
      ),
    find: (step, scope = "") => rows().find((row) => row.step === step && row.scope === scope),
    dieAfter(pages) {
      lives = pages;
    },
  };
}
