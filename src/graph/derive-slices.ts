/** Agents are derived slice by slice: which there are, and who works on which. */
import { StoreError } from "../model.ts";
import { type Bounds, slicesOf } from "./derive.ts";
import type { EngineConnection } from "./engine.ts";
import type { Seed } from "./store.ts";

/** An agent that acts for people counts like as many of them, up to so many: it may do what each of them may. */
const MOST_PERSONS = 100;

/** Bounds of some agents, and their codes, in order. */
export type Slice = Pick<Bounds, "from" | "to"> & { agents: readonly string[] };

/** Slices that several work on: who finds none waits as long as another may bring one back in halves. */
export class Slices {
  readonly #waiting: Slice[];
  #working = 0;
  #closed = false;
  #wake: (() => void)[] = [];

  constructor(slices: readonly Slice[]) {
    this.#waiting = [...slices];
  }

  /** Undefined once all are done, or nobody wants more. */
  async take(): Promise<Slice | undefined> {
    while (this.#waiting.length === 0 && this.#working > 0 && !this.#closed)
      await new Promise<void>((wake) => this.#wake.push(wake));
    const slice = this.#closed ? undefined : this.#waiting.shift();
    if (slice !== undefined) this.#working++;
    return slice;
  }

  /** One that was taken is done, but for these parts. */
  done(left: readonly Slice[] = []): void {
    this.#working--;
    this.#waiting.unshift(...left);
    this.#wakeAll();
  }

  close(): void {
    this.#closed = true;
    this.#wakeAll();
  }

  #wakeAll(): void {
    for (const wake of this.#wake.splice(0)) wake();
  }
}

/** Slices of at most so many agents, more or less; for a seed, one an agent. */
export async function agentSlices(
  engine: EngineConnection,
  most: number,
  seed: Seed | undefined,
): Promise<Slice[]> {
  if (seed !== undefined) {
    const rows = await engine.run("MATCH (a:Agent) WHERE a.id IN $ids RETURN a.code AS code", {
      ids: [...seed.agents],
    });
    const codes = rows.map((row) => String(row.code));
    return codes.map((code) => ({ from: code, to: `${code}~`, agents: [code] }));
  }
  const people = await peopleOf(engine);
  const agents = (await engine.run("MATCH (a:Agent) RETURN a.code AS code ORDER BY code")).map((row) => {
    const code = String(row.code);
    return { code, weight: 1 + Math.min(MOST_PERSONS, people.get(code) ?? 0) };
  });
  const all = agents.reduce((sum, { weight }) => sum + weight, 0);
  const slices = Math.max(1, Math.ceil(all / most));
  const parts: string[][] = [[]];
  let reached = 0;
  for (const { code, weight } of agents) {
    if (reached >= (all / slices) * parts.length) parts.push([]);
    parts.at(-1)!.push(code);
    reached += weight;
  }
  return slicesOf(parts.map((part) => part[0] ?? "")).map((bounds, i) => ({ ...bounds, agents: parts[i]! }));
}

/** How many people may use agents, by code: those who are named or in a group that is; everyone, or all who sign in, count as all. */
async function peopleOf(engine: EngineConnection): Promise<Map<string, number>> {
  const found = new Map<string, number>();
  for (const { code, id, kind, members } of await engine.run(
    "MATCH (a:Agent)<-[:MAY_USE]-(p:Principal) OPTIONAL MATCH (p)<-[m:MEMBER_OF]-(:Principal) RETURN a.code AS code, p.id AS id, p.kind AS kind, count(m) AS members",
  )) {
    const all = String(id).startsWith("everyone") || kind === "AuthenticatedUsers";
    const more = all ? MOST_PERSONS : 1 + Number(members);
    found.set(String(code), (found.get(String(code)) ?? 0) + more);
  }
  return found;
}

/** Throws StoreError where one agent alone is too much. */
export function halves({ from, to, agents }: Slice, cause: unknown): Slice[] {
  const middle = agents.length >> 1;
  const between = agents[middle];
  if (middle === 0 || between === undefined)
    throw new StoreError(
      "pool-full",
      "what one agent reaches does not fit the memory of the graph engine",
      "leave scopes out: `exclude` of the tenant in forereach.yaml",
      { cause },
    );
  return [
    { from, to: between, agents: agents.slice(0, middle) },
    { from: between, to, agents: agents.slice(middle) },
  ];
}
