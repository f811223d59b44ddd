import { expect, test } from "vitest";
import { failure, openEngine } from "./engine.ts";

test("a full disk is told from a question that the engine does not take", () => {
  const written = (bytes: number, error: string) =>
    new Error(
      `IO exception: Cannot write to file. path: /x/graph.db fileDescriptor: 20 offsetToWrite: 892928 numBytesToWrite: 4096 numBytesWritten: ${bytes}. Error: ${error}`,
    );
  for (const cause of [written(-1, "No space left on device"), written(2048, "Success")])
    expect(failure(cause)).toMatchObject({ name: "StoreError", code: "disk-full" });
  const short = new Error(
    "IO exception: Cannot read from file: /x/graph.db fileDescriptor: 20 numBytesRead: 0 numBytesToRead: 4096 position: 8192",
  );
  expect(failure(short, true)).toMatchObject({ code: "disk-full" });
  expect(failure(short)).toMatchObject({ code: "query-failed" });
  for (const cause of [written(-1, "Permission denied"), new Error("Parser exception: extraneous input")])
    expect(failure(cause)).toMatchObject({
      name: "StoreError",
      code: "query-failed",
      message: cause.message,
    });
});

test("many graphs may be open at a time: none takes a sixteenth of the address space", async () => {
  const engines = [];
  try {
    for (let i = 0; i < 24; i++) engines.push(await openEngine({ path: ":memory:", pool: 64 * 1024 * 1024 }));
    expect(await engines.at(-1)!.run("RETURN 1 AS one")).toEqual([{ one: 1 }]);
  } finally {
    for (const engine of engines) await engine.close();
  }
});
