/** Broken rules and branches that show nowhere, and why each may. */
/**
 * Kinds whose rows only say where to look: at a place too many the same is found as without it. Not PEOPLED: whom nobody
 * follows is said to be unknown.
 */
export const HINTS: ReadonlySet<string> = new Set([
  ...["NEAR", "AT", "SPOT", "UNDER", "TOUCHES", "STAKES", "POOLED", "CROWDED", "MIXED", "BOTH"],
  ...["UNEVEN", "FORKED", "CIRCLED"],
  // More marks tell more persons apart: rows are the same, and fewer share the work.
  ...["NAMED", "PICKY", "AIMED", "TOLD", "TELLS"],
]);

/** Ids of `mutantsOf`, or what several of them have in common. */
type Which = readonly (string | RegExp)[];
/**
 * Clauses without which a rule derives what shows nowhere else: they spare work. By the reason; a test sees to it that each
 * of them still exists. Only what no world and no tenant shows is looked up here.
 */
const CLAUSES: readonly (readonly [reason: string, which: Which])[] = [
  [
    "the rows of an earlier round are found again and are known: it spares that work",
    [
      / without: \w+\.level = \$level( - 1)?$/,
      / turned round: -\[known:\w+\]->$/,
      / without: before = 0$/,
      / (without|off by one): known\.(tier|level) (<=|>) (tier|0)$/,
      /^served 3 (negated: known\.level > 0|min for max: max\(CASE WHEN known)/,
    ],
  ],
  [
    "all that are compared here are the same",
    [
      ...["calls 2 min for max: min(k.far)", /^closure [56] min for max: min\(i\.far\)$/],
      ...["closure 1 min for max: min(p.code)", /^actor [12] min for max: max\(l\.server\)$/],
      ...[
        /^identity [234] min for max: min\(i\.level\)$/,
        /^everyone 1 min for max: min\(i\.(level|path)\)$/,
        "lent 5 min for max: max(r.code)",
      ],
      ...["beneath 1 min for max: min(z.code)", "taken 1 min for max: max(shut)"],
      ...[/^witness 1 min for max: min\(o\.(hops|who)\)$/],
      ...[/^read-at 1 min for max: min\(p\.(hops|regrant|who)\)$/, "through 1 min for max: max(d.embedded)"],
      ...[/^latent 2 min for max: min\(i\.level \+ c\.level\)$/, /^shut 2 min for max: max\(/],
      /^latent [12] min for max: max\(CASE WHEN \(c\.level = 1/,
    ],
  ],
  [
    "it only spares looking at what comes to nothing further down",
    [
      "above 1 without: -[:SPOT]->(s)",
      /^spent 1 (without|off by one): (n\.tier > 1|r\.tier = tier|b\.level (= above|> 0)|q\.tier = tier)$/,
      ...[/^spent 1 off by one: r\.\w+ < q\.\w+$/, /^spent 1 without: \(r\.discover < q\.discover OR /],
      ...["at 2 without: -[:STAKES]->(:Scope)", "part 1 without: -[:POINT]->(:Scope)"],
      ...["left 1 without: -[:POINT]->(:Scope)", "taken 1 without: -[:DENIES]->(:Scope)"],
      ...[/^(near|list-near) \d+ without: -\[:(SIDE|HALTED)\]->\((?!z\))/, "keyed 1 without: q.opens = 1"],
      /^(near|list-near) \d+ without: -\[:UNEVEN\]->\(:Scope\)$/,
      ...[/^later [123] (without|off by one|negated): p\.manage > 1$/, "spot 4 without: opens = 1"],
      ...["gate 2 without: s.gates IS NOT NULL", /^outer 1 without: q\.(absorbed <> 1|subtree = 1)$/],
      ...[
        /^part-whole [12] without: y\.side = 1$/,
        /^held 3 without: m\.shut = 1/,
        /^part 11 without: m\.shut = 0/,
      ],
      ...["denies 1 without: t.sort = 0", "lent 5 without: -[:PERMITS]->(:Scope)"],
      ...[
        /^list-near \d+ without: \(g\.here = 0 OR f\.level = 0\)$/,
        /^(taps 2|list-near 4) (without|negated): f\.level = 0$/,
      ],
      ...[
        "meets 6 without: <-[:APPLIES_TO]-(:Policy)",
        "left 1 without: m.shut = 1",
        "strangers 2 without: -[:UNSEEN]->(:Scope)",
      ],
      ...["nested 2 without: -[:NEAR]->(:Scope)", "crest 1 without: -[:COVERS]->(z)"],
      /^(crowded [12]|near 1|list-near 1) min for max: max\(g\.special\)$/,
    ],
  ],
  [
    "which of those that lie in each other counts as the first is the same to what rows say",
    [/^next 2 (negated|off by one): y\.code > s\.code$/],
  ],
  [
    "what comes from further up comes to this place too, and its row includes all below",
    ["spent 1 without: q.subtree = 1"],
  ],
  [
    "one row more says what the row above says",
    [
      /^apart 1 (without|off by one): (ed|er|ew|em) < /,
      /^apart 1 min for max: max\(coalesce\((e\.(discover|write|manage)|f\.subtree)/,
      ...["apart 1 without: n.tier = r.tier", "shown 1 without: a.tier = r.tier"],
      ...["apart 1 without: cut + anew > 0", "apart 1 off by one: cut + anew > 0"],
    ],
  ],
  [
    "cutting out what a row above does not count changes nothing",
    ["apart 1 without: below = 0", /^apart 1 (without|off by one): r\.read > 1$/],
  ],
  ["the first tier has no earlier one", [/^apart 1 (without|off by one): r\.tier > 1$/]],
  ["a place lies in one other", [/^shown 1 min for max: max\(coalesce\((q|a)\./]],
  [
    "a copy is named for a row that is not there",
    ["through 1 without: r.tier = d.tier", "through 1 without: r.read > 1"],
  ],
  [
    "cap and part-whole take consents of capped actors alone; others would only get places to look at",
    ["consents 1 without: x.capped = 1", "cap 1 without: x.capped = 1", "later 3 without: x.capped = 1"],
  ],
  [
    "whoever acts for people becomes nobody else: it has no steps of control",
    [/^later 3 (without|negated): p\.hops = 0$/],
  ],
  [
    "who is latent has at least one step of control: there is nothing between",
    [/^(held|part) \d+ off by one: needs (<|>=) 4000000( \(2\))?$/],
  ],
  [
    "what one of several identities becomes is found with what all of them have as well",
    [/^(held|part) \d+ (without|off by one): i\.tier < 4$/, /^(held|part) \d+ without: needs < 4000000$/],
  ],
  [
    "a group is no managed identity, no person, and no entry of an access list that bars an identity",
    [/^halts [12] without: i\.direct = 1$/, /^(held 2|part 9) without: o\.direct = 1$/],
  ],
  [
    "it gives the column its type, and comes to nothing",
    [
      /^part-whole [345] (without|off by one): u\.discover > 9$/,
      ...["part-whole 6 off by one: o.level > 0", /^drawn 2 (without|off by one): c\.level < 0( \(2\))?$/],
    ],
  ],
  [
    "persons are told apart by more than is needed: rows are the same, and fewer share the work",
    [
      ...["named 2 without: d.excluded IS NOT NULL", "named 5 without: g.narrow = 1"],
      ...[
        "told 4 without: e.id = 'everyone-except-external'",
        "belongs 2 without: (g.enabled IS NULL OR g.enabled)",
      ],
      ...[/^named [1235] without: (p\.)?id <> 'everyone'$/, "named 4 without: p.id <> 'everyone'"],
      ...[/^named 4 without: (k\.effect = 'block'|k\.kind = 'Dlp'|-\[:GATES\]->\(:Label\))$/],
      ...["named 3 without: -[:SERVED]->(:Scope)", "named 3 without: (k)-[:GATES]->"],
      ...["picky 1 without: -[:GATES]->(:Scope)", "same 1 turned round: -[:LIKE_ONE]->"],
      ...["sign 1 min for max: max(reverse(t.mark))", "same 1 negated: u.mark = mark"],
    ],
  ],
  [
    "whom of those that nothing tells apart it is called by is all the same",
    ["like 1 min for max: min(p.code)"],
  ],
  [
    "whatever is not plain is marked, and is not for this rule",
    [
      /^can-reach-(plain|listed) [12] without: (i\.tier = 1|g\.special = 0|x\.side = 0)$/,
      ...["beneath 1 without: places = 1", "alone 1 without: g.special = 0"],
    ],
  ],
  [
    "a row is the best of its parts: where it is unknown no part is more",
    [/^(offer|through) 1 off by one: r\.(discover|read|write|manage) > 1$/],
  ],
  [
    "a way that reads a copy is as long as the witness by the same grant only if it is the witness",
    [
      /^through 1 (without|off by one|negated): (d\.read (>|=) 1( \(2\))?|r\.read = 1|v\.tier = d\.tier|v\.who = d\.who)$/,
      "through 1 without: (r.read = 1 AND d.read = 1)",
      "through 1 without: (r.read > 1 AND d.read > 1)",
    ],
  ],
  [
    "where the tier reads a copy surely, what else it reads it by shows nowhere",
    [/^read-at 1 without: \(sure = 1 OR p\.read = 1\)/],
  ],
  [
    "only a place of people has others below, and an agent of whose users nobody read has none of them",
    ["part-whole 4 without: u.reason = 'audience-unread'", "part-whole 4 without: x.side = 0"],
  ],
  [
    "consents of an identity that does not act in mode app, or may not act, cap everything later",
    ["lent 5 without: s.mode = 'app'"],
  ],
  [
    "the audience is of persons alone: others are passed over where it is lent",
    [/^audience [23] without: p\.kind = 'Guest'$/],
  ],
  [
    "no agent carries content in a mode in which it does not act",
    ["actor 6 without: mode <> 'on-behalf-of'"],
  ],
  [
    "a server does nothing for users, and no consent is for it",
    [/^lent [24] without: s\.mode IN \['app', 'maker', 'key'\]$/],
  ],
  ["no other policy keeps from whoever asks what an agent carries", ["meets 8 without: k.kind = 'Dlp'"]],
  ["a consent to nothing is no consent", [/^permits 2 (without|off by one): let > 0$/]],
  ["no line lets nothing through, nor does an empty one", ["list-grant 2 without: size(h.lines) = 0"]],
  ["what may be managed is marked and never plain", [/^(list-)?grant [12] without: manages = 1 \([45]\)$/]],
  ["what is not plain is added up, and comes to the same", [/^(list-)?grant [12] off by one: tier > 1$/]],
  ["what asks or stops at the account does so at every place in it", ["part 7 without: e.lock = 2"]],
  [
    "a policy that is off halts nowhere: halted asks for its state as well",
    ["halts 3 without: (k.state IS NULL OR k.state = 'enabled')"],
  ],
  ["every actor stands for itself, directly and today", [/^halts 3 without: i\.(tier|direct) = 1$/]],
  [
    "what names somebody directly is found by the statement before, which says the same",
    ["meets 3 without: (i.direct = 0 OR p.id IN ['everyone', 'everyone-except-external'])"],
  ],
  ["two principals have one membership between them", [/^belongs 1 min for max: min\(CASE/]],
  ["records with another mode are refused", [/^lent [13] without: s\.mode IN/]],
  [
    "only whether there is any is asked, and where places lie in each other there is",
    ["circled 1 turned round: -[:ABOVE]->"],
  ],
  [
    "what has a row of another tier has one of this tier as well, if that goes down from above",
    [/^next [12] without: q\.tier = tier$/],
  ],
  [
    "there each stands for itself alone, which is the same from both ends, and nobody becomes everyone",
    [/^closure [23] turned round: -\[i:CLOSURE\]->$/],
  ],
  [
    "the ways to a lender are the same for all that it lends: each path has as many marks more",
    ["identity 1 min for max: min(l.far + ' ' + p.code)"],
  ],
  [
    "who becomes a person is one of everyone already, by as few steps of control and a way as short",
    [/^everyone 2 without: (q\.kind IN \['User', 'Guest', 'AgentUser'\]|person = 0)$/],
  ],
  [
    "whom it could become is further away than it is itself, and a person is one of everyone already",
    ["everyone 1 without: i.tier = 1"],
  ],
  ["no agent has an empty id", ["assists 1 without: x.lender <> ''"]],
  [
    "who is a step away from itself is where it is",
    ["joins 1 without: p.id <> g.id", /^inherited [23] without: s\.id <> x\.id$/],
  ],
  [
    "places lie less deep: it ends what would go round in bad data",
    [/^inherited 3 (without|off by one): b\.level \+ d\.level <= 1024$/],
  ],
  [
    "it looks at more places each by itself, and misses none",
    [
      ...["forked 1 without: -[:CREST]->(z)", "forked 1 without: places > 1"],
      /^uneven 1 turned round: -\[(:COVERS|a:ALIKE)\]->$/,
      /^alike 1 turned round: -\[[hk]:HALTED\]->$/,
    ],
  ],
  [
    "which places stand for those that bind alike is all the same: what lies in several of them is looked at by itself, and so is what lies in none where a policy binds",
    [/^crest 1 (without|negated): places = 1$/],
  ],
  [
    "whoever else could come to be in a group is not in it today: asked is who is, or for everyone by name",
    ["belongs 2 without: e.id IN ['everyone', 'everyone-except-external']"],
  ],
  [
    "who has nothing but content that it carries stands for nobody: consents limit nothing of that",
    ["actor 6 without: mode IN ['agent-user', 'on-behalf-of']"],
  ],
  [
    "a policy of another kind is asked for its kind where it blocks",
    ["covers 1 without: k.kind IN ['ConditionalAccess', 'AppRestriction', 'SiteRestriction']"],
  ],
];
const has = (which: Which, id: string): boolean =>
  which.some((one) => (typeof one === "string" ? one === id : one.test(id)));

/** Why this clause may be missing; undefined where nobody has said so. */
export const whyEquivalent = (id: string): string | undefined =>
  CLAUSES.find(([, which]) => has(which, id))?.[0];
/** What of the above is no clause of these any more. */
export const unknownClauses = (ids: readonly string[]): string[] =>
  CLAUSES.flatMap(([, which]) => which.filter((one) => !ids.some((id) => has([one], id))).map(String));

const SPARES = "finds again what is known, or finds nothing: it spares that work";
const COMPILER = "never so, by what is asked for before: it is for the compiler";

/** Branches of TypeScript without which nothing is different, likewise: the ids are those of `branchesOf`. */
export const EQUIVALENT_BRANCHES: ReadonlyMap<string, string> = new Map([
  [
    'azure/grants addPaths never: typeof rest === "boolean"',
    "what is decided has no cause, and is passed over for that, too",
  ],
  ["azure/grants decide without manner !== PLAINLY: manner !== PLAINLY && !placeless", SPARES],
  [
    "azure/assignments readAssignments without what was: hosts ??= (await knownHosts(c)).filter(({ id }) => isAtOrBelow(id, subscription))",
    SPARES,
  ],
  ["azure/assignments readAssignments without what was: keyed ??= await knownKeyed(c, subscription)", SPARES],
  ["azure/host-control limitOf never: conditions.length === 0", SPARES],
  ["azure/assignments storageFor never: conditions.every((condition) => condition === undefined)", SPARES],
  ["azure/host-control controlRecords always: !byType.has(type)", SPARES],
  ['azure/condition-evaluate leafCauses always: leaf.op === "compare"', COMPILER],
  ["azure/path-sets placesOfPaths never: sets.length === 0", SPARES],
  [
    'azure/path-sets placesOfPaths without node.kind === "Scope": node.kind === "Scope" && node.id.startsWith(container + MARK)',
    COMPILER,
  ],
  ["azure/acl waysThrough never: [...way].some((id) => groups.has(id))", SPARES],
]);
