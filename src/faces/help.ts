/** Examples that stand below the help of the program and of each command. */

export const EXAMPLES = `
Examples:
  forereach demo                                  what it does, in half a minute, without a cloud
  forereach init TENANT-ID && forereach check     set it up
  forereach scan                                  read the tenant
  forereach reach "Invoice bot"                   what one agent can reach
  forereach reach --all --out reach.csv           everything, for auditors
  forereach who invoices                          which agents get to a container
  forereach explain "Invoice bot" invoices        why

Exit codes: 0 all read or accepted; 1 findings at or above --fail-on (reach --with: an agent would gain something);
2 the call or the configuration is wrong; 3 incomplete: a part that nobody accepted could not be read; 4 a store or
provider failed; 130 interrupted. When several apply: 2, 4, 1, 3.
`;

/** By command: what to type, and what that does. */
const OF_COMMANDS: Readonly<Record<string, readonly (readonly [string, string])[]>> = {
  demo: [["demo --seed 7", "another tenant of the same size"]],
  simulate: [["simulate --agents 50 --items 1000", "serve a small tenant; the first line says where"]],
  init: [
    ["init 11111111-2222-3333-4444-555555555555", "write forereach.yaml for this tenant"],
    ["--config other.yaml init", "write it elsewhere"],
  ],
  permissions: [
    ["permissions --format az > grant.sh", "the commands that grant what scanning needs"],
    [
      "permissions --level labels",
      "to read labels from files, too: the role that lists files reads them, no other is needed",
    ],
  ],
  check: [["check", "before the first scan, and when something was refused"]],
  scan: [
    ["scan", "changes only, where the tenant can tell them"],
    ["scan --level labels", "read the labels of Office files, too"],
    ["scan --full --fail-on high", "in a pipeline: everything anew, exit 1 on high findings"],
  ],
  import: [["import agents.jsonl", "add what another tool knows"]],
  reach: [
    ['reach "Invoice bot"', "one agent, a row a place"],
    ["reach --all --scope payroll", "every row that covers a place, from above too"],
    ["reach --all --tier latent,potential", "what could become reach"],
    ["reach --all --expand --out rows.parquet", "each place on its own, for a database"],
    [
      "reach --with plan.jsonl",
      "what would be new, change or go if these records were applied; changes nothing",
    ],
    [
      "reach --with plan.jsonl --tier now --quiet",
      "in a pipeline: exit 1 if an agent would gain something now",
    ],
    ['reach "Help desk bot" --user ana@contoso.com', "what it can reach when this user asks"],
  ],
  who: [
    ["who payroll", "agents and people that get to a container"],
    ["who payroll --out who.csv", "the same as a file, with what was not read"],
  ],
  explain: [
    ['explain "Invoice bot" payroll', "the shortest path, and which grant to revoke"],
    ['explain "Invoice bot" payroll --all', "all paths, and the fewest grants to take away"],
    ['explain "Invoice bot" payroll --out why.json', "all rows and the path, for a program"],
  ],
  query: [
    ["query agent-can-change-permissions", "a saved query; forereach queries lists them"],
    ['query "MATCH (a:Agent) RETURN a.name AS agent LIMIT 5"', "your own; read-only"],
    ["query agent-reaches-many-sensitive-items --param threshold=500", "with another parameter"],
    ["query agents-that-reach-a-place --param place=payroll", "with one that it needs"],
  ],
  coverage: [
    ["coverage", "what was not read, why, and what to do"],
    ["coverage --all --format csv", "every part"],
  ],
  accept: [
    [
      'coverage accept azure.blobs --reason "no data there" --until 2027-03-31',
      "what is unread now raises no exit code until then",
    ],
  ],
  schema: [["schema --json-schema > forereach.schema.json", "for editors that check the configuration"]],
  completion: [
    ["completion bash > ~/.local/share/bash-completion/completions/forereach", "bash"],
    ["completion zsh > ~/.zfunc/_forereach", "zsh, with ~/.zfunc in fpath"],
    ["completion fish > ~/.config/fish/completions/forereach.fish", "fish"],
  ],
};

/** The text below a command's help; empty if there is nothing to show. */
export function examplesOf(command: string): string {
  const examples = OF_COMMANDS[command] ?? [];
  if (examples.length === 0) return "";
  const lines = examples.map(([typed, does]) => `  forereach ${typed}\n      ${does}`);
  return `\nExamples:\n${lines.join("\n")}\n`;
}
