/**
 * The branches of a TypeScript file, and what it becomes without each: every condition always or never true, every
 * operand of `&&`, `||` and `??`, every `!`, `?.`, default, case, filter and statement gone, every comparison negated or
 * off by one, every boolean turned.
 */
import { type ESTree, parseSync, Visitor } from "vite";

export interface Branch {
  /** Unique, and the same as long as the code is. */
  id: string;
  /** The file's text without it. */
  text: string;
}

interface Edit {
  start: number;
  end: number;
  text: string;
}
interface Change extends Edit {
  what: string;
}
type Node = ESTree.Span;

/** Each comparison, and the one that differs from it where both sides are equal. */
const NEXT: Readonly<Record<string, string>> = { "<": "<=", "<=": "<", ">": ">=", ">=": ">" };
const OPPOSITE: Readonly<Record<string, string>> = { "===": "!==", "!==": "===" };
const QUANTIFIER: Readonly<Record<string, string>> = { some: "every", every: "some" };

/** More than any test needs by far: a loop that turns so often has lost its end. */
const TURNS = 2_000_000;
const GUARD = `if ((globalThis.turns = (globalThis.turns ?? 0) + 1) > ${TURNS}) throw new Error("a loop without end");`;

/** Every branch of a file, by its name and text. A loop that has lost its end throws. */
export function branchesOf(name: string, text: string): Branch[] {
  const { program, errors } = parseSync(`${name}.ts`, text);
  if (errors.length > 0) throw new Error(`${name}: ${errors[0]!.message}`);
  const { changes, guards, functions } = read(program, text);
  const seen = new Map<string, number>();
  return changes.map(({ what, ...edit }) => {
    const inside = functions.filter(({ start, end }) => start <= edit.start && edit.end <= end).at(-1);
    const plain = `${name} ${inside?.name ?? "top"} ${what}: ${short(text.slice(edit.start, edit.end))}`;
    const times = (seen.get(plain) ?? 0) + 1;
    seen.set(plain, times);
    const outside = guards.filter(({ start }) => start <= edit.start || start >= edit.end);
    return { id: times === 1 ? plain : `${plain} (${times})`, text: apply(text, [...outside, edit]) };
  });
}

const short = (text: string): string => {
  const line = text.replace(/\s+/g, " ");
  return line.length > 90 ? `${line.slice(0, 89)}…` : line;
};

const apply = (text: string, edits: readonly Edit[]): string =>
  [...edits]
    .sort((a, b) => b.start - a.start || b.end - a.end)
    .reduce((now, { start, end, text: put }) => now.slice(0, start) + put + now.slice(end), text);

function read(program: ESTree.Program, text: string) {
  const changes: Change[] = [];
  const guards: Edit[] = [];
  const functions: (Node & { name: string })[] = [];
  /** What stands in a condition by itself: always and never say all that negating it would. */
  const settled = new Set<Node>();
  const of = ({ start, end }: Node): string => text.slice(start, end);
  const change = (node: Node, what: string, put: string): void => {
    changes.push({ start: node.start, end: node.end, what, text: put });
  };
  const condition = (test: Node | null): void => {
    if (test === null) return;
    settled.add(test);
    change(test, "always", "true");
    change(test, "never", "false");
  };
  const loop = (body: Node): void => {
    const block = text[body.start] === "{";
    const start = block ? body.start + 1 : body.start;
    guards.push({ start, end: start, text: block ? GUARD : `{${GUARD}` });
    if (!block) guards.push({ start: body.end, end: body.end, text: "}" });
  };
  const optional = (node: Node & { optional: boolean }, target: Node): void => {
    if (!node.optional) return;
    const start = text.indexOf("?.", target.end);
    const put = /[[(]/.test(text[start + 2]!) ? "" : ".";
    changes.push({ start, end: start + 2, what: `without ?. of ${short(of(node))}`, text: put });
  };
  const named = ({ start, end }: Node, id: Node | null): void => {
    if (id !== null) functions.push({ start, end, name: of(id).split(":")[0]! });
  };

  new Visitor({
    FunctionDeclaration: (node) => named(node, node.id),
    MethodDefinition: (node) => named(node, node.key),
    VariableDeclarator: (node) => {
      const inside = functions.some(({ start, end }) => start <= node.start && node.end <= end);
      if (node.init?.type === "ArrowFunctionExpression" || !inside) named(node, node.id);
    },
    IfStatement: (node) => {
      condition(node.test);
      settled.add(node.consequent);
    },
    ConditionalExpression: (node) => condition(node.test),
    WhileStatement: (node) => {
      condition(node.test);
      loop(node.body);
    },
    ForStatement: (node) => {
      condition(node.test);
      loop(node.body);
    },
    ForOfStatement: (node) => loop(node.body),
    LogicalExpression: (node) => {
      change(node, `without ${short(of(node.right))}`, of(node.left));
      const chained = node.left.type === "LogicalExpression" && node.left.operator === node.operator;
      if (!chained) change(node, `without ${short(of(node.left))}`, of(node.right));
    },
    UnaryExpression: (node) => {
      if (node.operator === "!" && !settled.has(node)) change(node, "without !", of(node.argument));
    },
    BinaryExpression: (node) => {
      const opposite = OPPOSITE[node.operator];
      const next = NEXT[node.operator];
      if (opposite !== undefined && !settled.has(node))
        change(node, "negated", `${of(node.left)} ${opposite} ${of(node.right)}`);
      if (next === undefined) return;
      change(node, "off by one", `${of(node.left)} ${next} ${of(node.right)}`);
      if (!settled.has(node)) change(node, "negated", `!(${of(node)})`);
    },
    TSLiteralType: (node) => void settled.add(node.literal),
    Literal: (node) => {
      if (typeof node.value === "boolean" && !settled.has(node)) change(node, "turned", String(!node.value));
    },
    SwitchCase: (node) => {
      if (node.test !== null) change(node.test, "without case", "Symbol()");
      else change({ start: node.start, end: node.start + "default".length }, "without", "case Symbol()");
    },
    ExpressionStatement: (node) => change(node, "without", ";"),
    ThrowStatement: (node) => {
      if (!settled.has(node)) change(node, "without", ";");
    },
    AssignmentPattern: (node) => change(node, "without default", of(node.left)),
    AssignmentExpression: (node) => {
      if (/^(\?\?|\|\||&&)=$/.test(node.operator))
        change(node, "without what was", `${of(node.left)} = ${of(node.right)}`);
    },
    MemberExpression: (node) => optional(node, node.object),
    CallExpression: (node) => {
      optional(node, node.callee);
      if (node.callee.type !== "MemberExpression" || node.callee.computed) return;
      const { object, property } = node.callee;
      const quantifier = QUANTIFIER[of(property)];
      if (quantifier !== undefined) change(property, `${quantifier} in ${short(of(node))} for`, quantifier);
      if (of(property) === "filter") change(node, "without filter", of(object));
    },
  }).visit(program);
  return { changes, guards, functions };
}
