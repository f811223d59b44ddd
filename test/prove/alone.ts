/** Each agent by itself: one that is only planned is derived alone, and must have what it has among others. */
import type { Put } from "../oracle/records.ts";
import { answers, type Said } from "./product.ts";
import { rowLines } from "./world.ts";

export interface Alone {
  agents: number;
  /** What one of the two says alone, with the agent in it. */
  differ: readonly string[];
}

/** Derives a tenant as a whole, and each of its agents by itself. Throws what the product throws. */
export async function alone(records: readonly Put[]): Promise<Alone> {
  const agents = records.flatMap((put) => ("id" in put && put.kind === "Agent" ? [put.id] : []));
  const [among, alone] = [
    linesOf(await answers(records)),
    linesOf(await answers(records, { seed: { agents } })),
  ];
  return {
    agents: agents.length,
    differ: [
      ...[...among].filter((line) => !alone.has(line)).map((line) => `among others: ${line}`),
      ...[...alone].filter((line) => !among.has(line)).map((line) => `alone:        ${line}`),
    ],
  };
}

const linesOf = ({ rows, use }: Said): Set<string> =>
  new Set([...rowLines(rows), ...use.map((leave) => JSON.stringify(leave))]);
