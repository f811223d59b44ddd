/** Answers as if something were so: records on top of what is known, or one user alone in front of an agent. */
import {
  type Answers,
  type AnswersOptions,
  type AppEvents,
  answersOf,
  brings,
  connectors,
  importName,
  linesOf,
  mustBeReadable,
  openAnswers,
} from "./app.ts";
import { withGaps } from "./keep/behind.ts";
import type { ImportLine } from "./keep/inventory.ts";
import { isNotFound } from "./reach/answers.ts";
import { findPerson, mayUse, type NotRead, usersOf, withAudience } from "./reach/audience.ts";
import { planPeople } from "./reach/people.ts";
import { judgePeople, type People } from "./reach/people-gain.ts";
import { checkedLines, type SupposedGraph, supposeGraph } from "./reach/whatif.ts";
import { NamedIds } from "./reach/whatif-ids.ts";
import { Touched } from "./reach/whatif-seed.ts";
import type { Kind } from "./schema.ts";

export interface SupposeRequest extends AnswersOptions, Pick<AppEvents, "onStage"> {
  folder: string;
  /** Id, name or glob; absent: every agent. */
  agent?: string | undefined;
  signal: AbortSignal;
}

/** What would be, beside what is. Closing both is closing this. */
export interface Supposed extends Answers {
  today: Answers;
  /** Agents whose answers may differ; undefined: any. */
  agents: readonly string[] | undefined;
  /** Places that lie elsewhere; undefined: it may be any. */
  moved: readonly string[] | undefined;
}

/**
 * As if the records of a file were applied. Throws ConfigError for a wrong line (nothing is applied) and for an agent
 * that is neither known nor in the file.
 */
export async function openWhatIf({
  agent,
  ...request
}: SupposeRequest & { file: string }): Promise<Supposed> {
  const { folder, file } = request;
  await mustBeReadable(file);
  const today = await openAnswers(folder, request);
  let graph: SupposedGraph | undefined;
  try {
    const asked = agent === undefined ? undefined : await orNone(today.findAgents(agent));
    const touched = new Touched();
    const named = new NamedIds();
    const name = importName(file);
    const lines = async function* (): AsyncGenerator<ImportLine> {
      for await (const line of checkedLines(name, linesOf(file))) {
        touched.note(line);
        named.note(line);
        yield line;
      }
    };
    const step = `import.${name}`;
    let concerned: readonly string[] | undefined;
    graph = await supposeGraph({
      ...{ ...request, meta: today.meta, connectors, step, lines: lines() },
      async seed(unread) {
        const found = unread ? undefined : await touched.concerned(today.ask);
        // The file may put an agent that goes by the name that is asked about.
        const candidates = asked && [...new Set([...asked, ...touched.agents])];
        concerned =
          found === undefined ? candidates : (candidates ?? [...found]).filter((id) => found.has(id));
        return concerned;
      },
    });
    const gap = await named.gap(today.ask);
    const meta = withGaps(graph.meta, gap === undefined ? [] : [{ step, hides: "both", ...gap }]);
    const then = answersOf({ ...graph, meta, published: false });
    if (asked !== undefined) {
      const found = await orNone(then.findAgents(agent!));
      // Neither before nor after: the error of a name that nobody bears.
      if (asked.length + found.length === 0) await today.findAgents(agent!);
      concerned = concerned?.filter((id) => asked.includes(id) || found.includes(id));
    }
    const moved = await touched.moved(today.ask);
    return { ...then, today, agents: concerned, moved, close: closing(graph, today) };
  } catch (error) {
    await closing(graph, today)();
    throw error;
  }
}

/** How an agent answers one person; `answers` is absent if none of the agents may be used by them. */
export interface ForUser {
  answers: Answers;
  user: { id: string; name: string };
  /** Agents that the person may use, in front of which they stand alone now. */
  agents: readonly string[];
  /** Agents that they may not use, and agents of which it is not known, and why. */
  refused: readonly string[];
  unknown: readonly ({ agent: string } & NotRead)[];
}

const ANONYMOUS: NotRead = { unread: "no record says with whose rights it acts", gap: false };
/** Whether no record says with whose rights an agent acts that is not disabled. */
const isAnonymous = async (query: Answers["ask"], agent: string): Promise<boolean> =>
  (
    await query(
      `MATCH (a:Agent) WHERE a.id = $agent AND (a.status IS NULL OR a.status <> 'disabled')
       OPTIONAL MATCH (a)-[s:ACTS_AS]->(:Principal)
       WITH a, count(s) AS known WHERE known = 0 RETURN a.id AS id`,
      { agent },
    )
  ).length > 0;

/** As if this user alone might use the agents, where they may today. Throws ConfigError with candidates. */
export async function openForUser({
  agent,
  user: wanted,
  ...request
}: SupposeRequest & { agent: string; user: string }): Promise<ForUser> {
  const today = await openAnswers(request.folder, request);
  let graph: SupposedGraph | undefined;
  try {
    const asked = await today.findAgents(agent);
    const person = await findPerson(today.ask, wanted);
    const user = { id: String(person.id), name: String(person.name ?? person.id) };
    const source = { query: today.ask, meta: today.meta, brings };
    const [agents, refused, unknown]: [string[], string[], ForUser["unknown"][number][]] = [[], [], []];
    for (const id of asked) {
      const may = person.enabled === false ? "no" : await mayUse(source, person, id);
      if (may === "yes") agents.push(id);
      else if (may === "no") refused.push(id);
      else unknown.push({ agent: id, ...may });
      // What it carries in itself it may answer with all the same.
      if (may === "yes" && (await isAnonymous(today.ask, id))) unknown.push({ agent: id, ...ANONYMOUS });
    }
    const found = { user, agents, refused, unknown };
    if (agents.length === 0) return { ...found, answers: today };
    const lines = async function* (): AsyncGenerator<ImportLine> {
      for (const id of agents) {
        const to = { kind: "Agent", id } as const;
        for (const row of await usersOf(today.ask, id))
          yield { remove: { kind: "MAY_USE", from: { kind: "Principal", id: String(row.id) }, to } };
        yield { put: { kind: "MAY_USE", from: { kind: "Principal", id: user.id }, to } };
      }
    };
    graph = await supposeGraph({
      ...{ ...request, meta: today.meta, connectors, step: "user", lines: lines() },
      seed: async () => agents,
    });
    const answers = answersOf({ ...graph, published: false });
    // How many may use it is said as it is: one alone was only supposed.
    const reach: Answers["reach"] = (asked) => withAudience(source, answers.reach(asked));
    return { ...found, answers: { ...answers, reach, close: closing(graph, today) } };
  } catch (error) {
    await closing(graph, today)();
    throw error;
  }
}

/** Answers in which rows say what they mean for people; `people` knows more once the rows were read. */
export interface WithPeople extends Answers {
  people: People;
}

/**
 * As it is, and who may use these agents besides: who has most through each, and who gains what their own access does not
 * read. Costs a graph of its own (as `openForUser`), and an agent in it for all people of an audience that are alike.
 */
export async function openWithPeople({
  agent,
  ...request
}: SupposeRequest & { agent: string }): Promise<WithPeople> {
  const today = await openAnswers(request.folder, request);
  let graph: SupposedGraph | undefined;
  try {
    const { meta, ask, above } = today;
    const plan = await planPeople({ query: ask, meta, brings }, await today.findAgents(agent));
    const lines = async function* (): AsyncGenerator<ImportLine> {
      yield* plan.lines;
    };
    if (plan.supposed.length > 0)
      graph = await supposeGraph({
        ...{ ...request, meta, connectors, step: "people", lines: lines() },
        seed: async () => plan.supposed,
      });
    const supposed = graph === undefined ? undefined : answersOf({ ...graph, published: false });
    const people = await judgePeople({ meta, plan, ask, above, supposed, hidesAccess });
    const reach: Answers["reach"] = (asked) => people.fill(today.reach(asked));
    return { ...today, people, reach, close: closing(graph, today) };
  } catch (error) {
    await closing(graph, today)();
    throw error;
  }
}

/** Whether what a step reads may be access of persons; an import may bring anything. */
function hidesAccess(step: string): boolean {
  const kinds = brings(step);
  if (kinds === undefined) return true;
  const any = (...of: Kind[]): boolean => of.some((kind) => kinds.has(kind));
  return any("MEMBER_OF", "GRANTED", "MAY_USE") || (any("Principal") && !any("ACTS_AS", "Blueprint"));
}

const closing = (graph: SupposedGraph | undefined, today: Answers) => async (): Promise<void> => {
  await graph?.close();
  await today.close();
};

/** An agent that only one of two graphs knows is no mistake. */
async function orNone(found: Promise<string[]>): Promise<string[]> {
  try {
    return await found;
  } catch (error) {
    if (isNotFound(error)) return [];
    throw error;
  }
}
