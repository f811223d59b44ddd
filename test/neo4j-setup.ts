/** Names a Neo4j server in the environment of the tests: the one that is given, or one that is started here. */
import { randomUUID } from "node:crypto";
import { neo4jMissing, startNeo4j } from "../scripts/neo4j.ts";
import { neo4jSchema } from "../src/graph/generate-neo4j.ts";
import { ask, plainDriver, tenantsOf } from "./neo4j.ts";

/** As the configuration has it. */
const WORKERS = 2;

export default async function setup(): Promise<() => Promise<void>> {
  let stop = async () => {};
  if (process.env.FOREREACH_NEO4J_URI === undefined) {
    const missing = await neo4jMissing();
    if (missing !== undefined)
      throw new Error(`No Neo4j for these tests: ${missing}, and FOREREACH_NEO4J_URI names no server.`);
    const server = await startNeo4j({ quick: true });
    process.env.FOREREACH_NEO4J_URI = server.uri;
    process.env.FOREREACH_NEO4J_USER = server.user;
    process.env.FOREREACH_NEO4J_PASSWORD = server.password;
    stop = server.stop;
  }
  // Two runs may have the same server.
  const run = randomUUID();
  process.env.FOREREACH_TEST_RUN = run;
  const driver = plainDriver();
  for (const statement of new Set(tenantsOf(run, WORKERS).flatMap(neo4jSchema))) await ask(driver, statement);
  await driver.close();
  return stop;
}
