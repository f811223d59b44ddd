/** What deciding one compiled condition at one place costs, for conditions of every shape that people write. */
import { readCondition } from "../connectors/azure/condition.ts";
import { compile, resolveAt } from "../connectors/azure/condition-evaluate.ts";
import { line } from "./meter.ts";

const STORAGE = "Microsoft.Storage/storageAccounts";
const CONTAINERS = `${STORAGE}/blobServices/containers`;
const READ = `${CONTAINERS}/blobs/read`;
const when = (expression: string) =>
  `((!(ActionMatches{'${READ}'} AND NOT SubOperationMatches{'Blob.List'})) OR (${expression}))`;

const CONDITIONS: Readonly<Record<string, string>> = {
  "container name": when(`@Resource[${CONTAINERS}:name] StringEquals 'finance'`),
  "account and container": when(
    `@Resource[${STORAGE}:name] StringEqualsIgnoreCase 'ACC' AND @Resource[${CONTAINERS}:name] StringLike 'fin*'`,
  ),
  "one of twenty names": when(
    `@Resource[${CONTAINERS}:name] ForAnyOfAnyValues:StringEquals {${Array.from({ length: 20 }, (_, i) => `'c${i}'`).join(", ")}}`,
  ),
  "path, stays open": when(`@Resource[${CONTAINERS}/blobs:path] StringLike 'approved/*'`),
  "private link, stays open": when("@Environment[isPrivateLink] BoolEquals true"),
  "another action": `(!(ActionMatches{'${CONTAINERS}/blobs/write'}) OR @Resource[${CONTAINERS}:name] StringEquals 'x')`,
};

const EVALUATIONS = 1_000_000;
const resolve = resolveAt({ account: "acc", container: "finance", hns: false });

process.stdout.write("One compiled condition at one place\n");
for (const [name, text] of Object.entries(CONDITIONS)) {
  const compiled = compile(readCondition(text), { action: READ });
  for (let i = 0; i < EVALUATIONS / 10; i++) compiled(resolve);
  const started = performance.now();
  for (let i = 0; i < EVALUATIONS; i++) compiled(resolve);
  const nanoseconds = ((performance.now() - started) * 1e6) / EVALUATIONS;
  line(name, `${nanoseconds.toFixed(0)} ns`, "1,000 ns");
}

const parsed = 20_000;
const started = performance.now();
for (let i = 0; i < parsed; i++)
  compile(readCondition(CONDITIONS["account and container"]!), { action: READ });
line("reading and compiling one", `${(((performance.now() - started) * 1e3) / parsed).toFixed(1)} µs`);
