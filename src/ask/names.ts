/**
 * Names in a query that the graph cannot have. Neo4j matches nothing with a label that it does not know, or that only
 * others use who share the database: the answer would be empty and look like a no.
 */
import { ConfigError } from "../model.ts";
import { nearest } from "../nearest.ts";
import { DERIVED, NODE_KINDS, NODES, PUBLISHED_KINDS, REL_KINDS, RELS } from "../schema.ts";
import { type Dialect, type Token, tokens } from "./cypher-tokens.ts";

const KINDS: readonly string[] = [...NODE_KINDS, ...REL_KINDS, ...PUBLISHED_KINDS];
const PROPERTIES: readonly string[] = [
  ...["id", "key", "code", "kind", "name"],
  ...[
    ...Object.values(NODES),
    ...Object.values(RELS),
    ...PUBLISHED_KINDS.map((kind) => DERIVED[kind]),
  ].flatMap(({ props }) => Object.keys(props)),
];

const unknown = (what: string, name: string, known: readonly string[], place = ""): ConfigError => {
  const near = nearest(name, known);
  return new ConfigError(
    "query-unknown-name",
    `The query was not answered: the graph has no ${what} "${name}"${place}${near === undefined ? "" : `; did you mean ${near}?`}`,
    "forereach schema lists kinds and properties",
  );
};

/**
 * Throws ConfigError `query-unknown-name` for a label or type of relationship that no tenant can have. `besides`: labels
 * that may stand there as well.
 */
export function checkKinds(text: string, dialect: Dialect, besides: readonly string[] = []): void {
  for (const { text: name, line, column } of kindsIn(tokens(text, dialect)))
    if (!KINDS.includes(name) && !besides.includes(name))
      throw unknown("kind", name, KINDS, ` (line ${line}, column ${column})`);
}

/**
 * What the server did not find in the whole database: where in the text it stands. Throws ConfigError `query-unknown-name` if it
 * is a property of nothing; that no row has one of ours is an answer.
 */
export function checkProperty(text: string, at: number): void {
  const token = tokens(text, "neo4j").find(({ start }) => start === at);
  if (token === undefined) return;
  // `a['name']` is a property, too.
  const name = token.kind === "string" ? token.text.slice(1, -1) : token.text;
  if (!PROPERTIES.includes(name)) throw unknown("property", name, PROPERTIES);
}

const sign = (token: Token | undefined): string => (token?.kind === "sign" ? token.text : "");
const isName = (token: Token | undefined): token is Token => token?.kind === "word" || token?.kind === "name";
/** Within an expression of labels. */
const JOINING = new Set([":", "|", "&", "!", "%", "(", ")"]);

/** Names in expressions of labels and types: behind a colon that is no part of a map, up to what is no part of them. */
function* kindsIn(list: readonly Token[]): Generator<Token> {
  const around: string[] = [];
  for (let at = 0; at < list.length; at++) {
    const here = sign(list[at]);
    if (["(", "[", "{"].includes(here)) around.push(here);
    else if ([")", "]", "}"].includes(here)) around.pop();
    // `IS :: INTEGER` is about types of values.
    else if (
      here === ":" &&
      around.at(-1) !== "{" &&
      sign(list[at + 1]) !== ":" &&
      sign(list[at - 1]) !== ":"
    ) {
      let depth = 0;
      for (let end = at + 1; end < list.length; end++) {
        const [token, next] = [list[end]!, list[end + 1]];
        if (sign(token) === "(") depth++;
        else if (sign(token) === ")" && --depth < 0) break;
        if (isName(token)) {
          // `[x IN list WHERE x:Agent | x.id]`: what follows a bar may be an expression again.
          if ([".", "("].includes(sign(next)) || sign(list[end - 1]) === ")") break;
          yield token;
          if (isName(next)) break;
        } else if (!JOINING.has(sign(token))) break;
      }
    }
  }
}
