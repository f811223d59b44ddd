/** Asks for a password on a terminal, without showing it. */
import { createInterface } from "node:readline/promises";
import { Writable } from "node:stream";

/** Asked once a run, however many parts of it connect. */
const answers = new Map<string, Promise<string>>();

export function askPassword(user: string, uri: string): Promise<string> {
  const key = `${user} ${uri}`;
  const answer = answers.get(key) ?? ask(user, uri);
  answers.set(key, answer);
  return answer;
}

async function ask(user: string, uri: string): Promise<string> {
  process.stderr.write(`Password of ${user} at ${uri}: `);
  // What is typed is echoed to here, and goes nowhere.
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: process.stdin, output: silent, terminal: true });
  try {
    return await lines.question("");
  } finally {
    lines.close();
    process.stderr.write("\n");
  }
}
