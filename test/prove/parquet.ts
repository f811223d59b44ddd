/** Rows of a derived kind as a file that the engine loads in bulk. */
import { rm, writeFile } from "node:fs/promises";
import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import { DIALECTS, derivedColumns } from "../../src/graph/generate.ts";
import { type DerivedKind, isDerivedNode } from "../../src/schema.ts";

export class ParquetWriter {
  readonly #instance: DuckDBInstance;
  readonly #connection: DuckDBConnection;
  private constructor(instance: DuckDBInstance, connection: DuckDBConnection) {
    this.#instance = instance;
    this.#connection = connection;
  }
  static async open(): Promise<ParquetWriter> {
    const instance = await DuckDBInstance.create(":memory:", { threads: "1" });
    return new ParquetWriter(instance, await instance.connect());
  }

  /** `lines`: each row as a JSON list, ids first; 1 and 0 for booleans. Returns names of the columns. */
  async write(kind: DerivedKind, lines: readonly string[], file: string): Promise<string[]> {
    const types = [
      ...(isDerivedNode(kind) ? ["VARCHAR"] : ["VARCHAR", "VARCHAR"]),
      ...derivedColumns(kind).map(({ type }) =>
        type === "string[]" ? "VARCHAR[]" : type === "bool" ? "BIGINT" : DIALECTS.duckdb.types[type],
      ),
    ];
    const names = types.map((_, index) => `c${index}`);
    const source = `${file}.jsonl`;
    await writeFile(
      source,
      lines
        .map((line) => {
          const values: unknown[] = JSON.parse(line);
          return `${JSON.stringify(Object.fromEntries(values.map((value, index) => [names[index], value])))}\n`;
        })
        .join(""),
    );
    const columns = names.map((name, index) => `${name}: '${types[index]}'`).join(", ");
    await this.#connection.run(
      `COPY (SELECT * FROM read_json('${source}', format = 'newline_delimited', columns = {${columns}})) TO '${file}' (FORMAT parquet)`,
    );
    await rm(source);
    return names;
  }

  close(): void {
    this.#connection.closeSync();
    this.#instance.closeSync();
  }
}
