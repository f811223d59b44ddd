/** What the gate lets through and why it stops the rest. Data only; `gate.ts` reads it. */
import type { Dialect } from "./cypher-tokens.ts";

/** Procedures that only read the catalog. Everything else that CALL can name is refused. */
export const PROCEDURES: Readonly<Record<Dialect, ReadonlySet<string>>> = {
  embedded: new Set(["show_tables", "show_connection", "table_info", "db_version"]),
  neo4j: new Set([
    "db.labels",
    "db.relationshiptypes",
    "db.propertykeys",
    "db.schema.nodetypeproperties",
    "db.schema.reltypeproperties",
    "db.schema.visualization",
  ]),
};

/**
 * Functions that compute from their arguments alone. Left out on purpose: nextval, currval, setseed, error,
 * file, linenumber and everything in a namespace that a plug-in could own.
 */
export const FUNCTIONS: ReadonlySet<string> = new Set(
  `abs acos all any array_cat array_concat array_contains array_extract array_has array_position array_slice
   asin atan atan2 avg bool_and bool_or bit_and bit_or cast cbrt ceil ceiling char_length character_length
   coalesce collect concat concat_ws contains cos cot count count_if current_date current_timestamp date
   date_part date_trunc datepart datetime datetrunc dayname degrees duration e elementid element_at end_node
   endnode ends_with epoch_ms even exists exp factorial floor gamma greatest hash head histogram id ifnull
   initcap interval is_acyclic is_trail isempty isnan keys label labels last last_day lcase least left length
   levenshtein list_any_value list_append list_cat list_concat list_contains list_distinct list_element
   list_extract list_filter list_has list_has_all list_position list_prepend list_product list_reduce
   list_reverse list_reverse_sort list_slice list_sort list_sum list_to_string list_transform list_unique ln
   localdatetime localtime log log10 log2 lower lpad ltrim make_date map map_extract map_keys map_values max
   md5 min monthname nodes none normalize nullif octet_length pattern percentilecont percentiledisc pi point
   pow prefix properties radians range reduce regexp_extract regexp_extract_all regexp_full_match
   regexp_matches regexp_replace regexp_split_to_array relationships rels repeat replace reverse right round
   rpad rtrim sha256 sign sin single size split split_part sqrt start_node starts_with startnode stdev stdevp
   string string_split string_to_array struct_extract struct_pack substr substring suffix sum tail tan time
   timestamp to_date to_days to_double to_float to_hours to_int64 to_minutes to_seconds to_string to_timestamp
   toboolean tobooleanlist tobooleanornull tofloat tofloatlist tofloatornull tointeger tointegerlist
   tointegerornull tolower tostring tostringlist tostringornull toupper trim type typeof ucase upper valuetype
   shortestpath allshortestpaths
   date.truncate datetime.truncate localdatetime.truncate duration.between duration.indays duration.inmonths
   duration.inseconds point.distance`.split(/\s+/),
);

const WRITES = "it changes the graph, and queries only read";
const FILES = "it reads or writes files or the network";
const SERVER = "it changes the engine, the session or its databases";
/** Clauses of Cypher 25. */
const insteadOf = (clause: string): string => `older servers and the embedded engine lack it; use ${clause}`;

/** Reasons for the clauses that people try; any other clause is refused too, with a general reason. */
export const REFUSED: Readonly<Record<string, string>> = {
  CREATE: WRITES,
  MERGE: WRITES,
  SET: WRITES,
  DELETE: WRITES,
  REMOVE: WRITES,
  DROP: WRITES,
  ALTER: WRITES,
  INSERT: WRITES,
  FOREACH: WRITES,
  COMMENT: WRITES,
  LOAD: FILES,
  COPY: FILES,
  EXPORT: FILES,
  IMPORT: FILES,
  ATTACH: FILES,
  INSTALL: FILES,
  UNINSTALL: FILES,
  UPDATE: FILES,
  FORCE: FILES,
  EXTENSION: FILES,
  DETACH: `${WRITES}; it may also let go of a database`,
  USE: SERVER,
  BEGIN: SERVER,
  COMMIT: SERVER,
  ROLLBACK: SERVER,
  CHECKPOINT: SERVER,
  ANALYZE: SERVER,
  PROJECT: SERVER,
  SHOW: SERVER,
  TERMINATE: SERVER,
  START: SERVER,
  STOP: SERVER,
  GRANT: SERVER,
  REVOKE: SERVER,
  DENY: SERVER,
  FILTER: insteadOf("WITH … WHERE"),
  LET: insteadOf("WITH"),
  FOR: insteadOf("UNWIND"),
  NEXT: insteadOf("WITH"),
  WHEN: insteadOf("CASE"),
  OFFSET: insteadOf("SKIP"),
  GROUP: insteadOf("WITH, which groups by what is no aggregate"),
  SEARCH: "indexes are the engine's to choose",
  DEFINE: "a function of the query's own may have the name of another",
  CYPHER: "options of the engine are not for a query to choose",
  USING: "hints and periodic commits are not for a query to choose",
  HINT: "hints are not for a query to choose",
  PROFILE: "it runs what follows, past this check",
  EXPLAIN: "plans are not answers; run the query itself",
};
