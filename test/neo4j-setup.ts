/** Names a Neo4j server in the environment of the tests: the one that is given, or one that is started here. */
import { neo4jMissing, startNeo4j } from "../scripts/neo4j.ts";

export default async function setup(): Promise<(() => Promise<void>) | undefined> {
  if (process.env.FOREREACH_NEO4J_URI !== undefined) return undefined;
  const missing = await neo4jMissing();
  if (missing !== undefined)
    throw new Error(`No Neo4j for these tests: ${missing}, and FOREREACH_NEO4J_URI names no server.`);
  const server = await startNeo4j({ quick: true });
  process.env.FOREREACH_NEO4J_URI = server.uri;
  process.env.FOREREACH_NEO4J_USER = server.user;
  process.env.FOREREACH_NEO4J_PASSWORD = server.password;
  return server.stop;
}
