/** Loads the embedded engine from the build and asks it one question. */
import { openEngine } from "../dist/src/graph/engine.js";

const engine = await openEngine({ path: ":memory:", pool: 64 * 1024 * 1024 });
const [row] = await engine.run("RETURN 1 AS one");
await engine.close();
if (row?.one !== 1) throw new Error("the engine gave no answer");
process.stdout.write("the embedded engine loads and answers\n");
