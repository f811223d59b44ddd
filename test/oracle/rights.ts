/** The four rights of a row, and how strongly a path gives each. */
export const RIGHTS = ["discover", "read", "write", "manage"] as const;
export type Right = (typeof RIGHTS)[number];
/** In the order of Kleene OR: the greater of two wins. */
const VALUES = ["no", "unknown", "yes"] as const;
export type Answer = (typeof VALUES)[number];
export type Certainty = "exact" | "upper-bound" | "unknown";

/** No; unknown; yes unless something unread takes it away; yes. OR is the greater of two, AND the lesser. */
export const LEVEL = { no: 0, unknown: 1, bound: 2, yes: 3 } as const;
export type Levels = Record<Right, number>;
export const answerOf = (level: number): Answer =>
  level >= LEVEL.bound ? "yes" : level === LEVEL.unknown ? "unknown" : "no";
export const greater = (a: Answer, b: Answer): boolean => VALUES.indexOf(a) > VALUES.indexOf(b);

export const levels = (of: (right: Right) => number): Levels => ({
  discover: of("discover"),
  read: of("read"),
  write: of("write"),
  manage: of("manage"),
});
export const both = (a: Levels, b: Levels): Levels => levels((right) => Math.min(a[right], b[right]));
export const either = (a: Levels, b: Levels): Levels => levels((right) => Math.max(a[right], b[right]));
export const NOTHING = levels(() => LEVEL.no);
export const UNKNOWN = levels(() => LEVEL.unknown);
export const EVERYTHING = levels(() => LEVEL.yes);

export const WRITE = ["write", "add", "delete"];
/** Primitive actions, by the right that any of them gives. */
export const GIVING: Readonly<Record<Right, readonly string[]>> = {
  discover: ["see", "read", ...WRITE, "assign", "setAcl", "own"],
  read: ["read"],
  write: WRITE,
  manage: ["assign", "setAcl", "own"],
};
/** Each of these opens an account by its keys. */
export const KEYS = ["listKeys", "regenerateKey", "accountSas", "serviceSas"];
/** Asked of the directory of rights, whatever the network of the store says that holds the data. */
export const CONTROL = ["see", "assign"];

type Props = Readonly<Record<string, unknown>>;
/** True if properties say which actions there are: those that are true, and no others. */
export const saysActions = (props: Props): boolean =>
  [...GIVING.discover, ...KEYS].some((action) => typeof props[action] === "boolean");
