/** All commands, in the order in which `--help` lists them. Each declares itself; what it needs is loaded when it runs. */
import type { CommandLine } from "../command-line.ts";
import { completion, schema } from "./about.ts";
import { coverage } from "./coverage.ts";
import { demo, simulate } from "./demo.ts";
import { findings, queries, query } from "./query.ts";
import { explain, reach, who } from "./reach.ts";
import { importRecords, scan } from "./scan.ts";
import { check, init, permissions } from "./setup.ts";

export const COMMANDS: readonly ((line: CommandLine) => void)[] = [
  ...[demo, simulate],
  ...[init, permissions, check],
  ...[scan, importRecords],
  ...[reach, who, explain],
  ...[query, queries, findings],
  coverage,
  ...[schema, completion],
];
