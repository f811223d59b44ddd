/** `forereach check` with the real parts put in. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { connectors } from "../app.ts";
import { type CheckRow, check } from "../collect/check.ts";
import { loadConfig } from "../config.ts";
import { connectNeo4j } from "../graph/store-neo4j-server.ts";
import { neo4jOptions } from "../graph/store-open.ts";
import { openInventory } from "../keep/inventory.ts";

export async function* runCheck(config: string, data: string, signal: AbortSignal): AsyncGenerator<CheckRow> {
  const load = () =>
    loadConfig(
      config,
      connectors.map(({ name }) => name),
    );
  const ca = await load()
    .then(({ config: { network } }) => (network.ca === undefined ? undefined : readFile(network.ca, "utf8")))
    .catch(() => undefined);
  yield* check({
    config: load,
    connectors,
    signal,
    ...(ca === undefined ? {} : { ca }),
    openStore: async (spec) => {
      if (spec.kind === "embedded") return "embedded: beside the inventory";
      const connection = await connectNeo4j(await neo4jOptions(spec, process.env));
      try {
        return await connection.describe();
      } finally {
        await connection.close();
      }
    },
    openInventory: () => openInventory(join(data, "inventory.duckdb"), { readOnly: false }),
  });
}
