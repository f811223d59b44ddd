/** Shell completion, made from the commands as they are declared, so that it can never lag behind them. */
import type { Command, Option } from "commander";

export const SHELLS = ["bash", "zsh", "fish"] as const;
export type Shell = (typeof SHELLS)[number];

interface Place {
  /** Words before it: `coverage accept`; empty for the program itself. */
  path: string;
  about: string;
  options: readonly Option[];
  below: readonly string[];
}

/** The program and everything below it, each with the options that stand there. */
function placesOf(program: Command): Place[] {
  const visit = (command: Command, path: string): Place[] => [
    {
      path,
      about: command.description(),
      options: command.options.filter((option) => option.long !== undefined),
      below: command.commands.map((each) => each.name()),
    },
    ...command.commands.flatMap((each) => visit(each, path === "" ? each.name() : `${path} ${each.name()}`)),
  ];
  return visit(program, "");
}

export function completionScript(program: Command, shell: Shell): string {
  const places = placesOf(program);
  if (shell === "fish") return fish(places);
  // zsh runs the functions of bash once it is told to.
  const head = shell === "zsh" ? "#compdef forereach\nautoload -U +X bashcompinit && bashcompinit\n" : "";
  return `${head}${bash(places)}`;
}

const words = (values: readonly string[]): string => values.join(" ");

function bash(places: readonly Place[]): string {
  const global = places[0]!;
  const choices = places.flatMap(({ path, options }) =>
    options
      .filter(({ argChoices }) => argChoices !== undefined)
      .map(
        ({ long, argChoices }) =>
          `    "${path} ${long}") COMPREPLY=($(compgen -W "${words(argChoices!)}" -- "$word")); return;;`,
      ),
  );
  // An option that takes a value is followed by files, which the shell completes itself.
  const valued = [
    ...new Set(places.flatMap(({ options }) => options.filter((o) => o.required).map((o) => o.long!))),
  ];
  const offers = places.map(({ path, options, below }) => {
    const all = [...below, ...options.map(({ long }) => long!), "--help"];
    const more = path === "" ? [] : global.options.map(({ long }) => long!);
    return `    "${path}") words="${words([...new Set([...all, ...more])])}";;`;
  });
  const paths = places.filter(({ path }) => path !== "").map(({ path }) => `"${path}"`);
  return `_forereach() {
  local word="\${COMP_WORDS[COMP_CWORD]}" before="\${COMP_WORDS[COMP_CWORD-1]}" path="" next words="" i
  for ((i = 1; i < COMP_CWORD; i++)); do
    next="\${path:+$path }\${COMP_WORDS[i]}"
    case "$next" in
      ${paths.join("|")}) path="$next";;
    esac
  done
  case "$path $before" in
${choices.join("\n")}
  esac
  case "$before" in
    ${valued.join("|")}) return;;
  esac
  case "$path" in
${offers.join("\n")}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$word"))
}
complete -o default -F _forereach forereach
`;
}

const quoted = (text: string): string => `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;

function fish(places: readonly Place[]): string {
  const lines = places.flatMap(({ path, options, below }) => {
    const here =
      path === "" ? "__fish_use_subcommand" : `__fish_seen_subcommand_from ${path.split(" ").at(-1)}`;
    const commands = below.map((name) => {
      const about = places.find((place) => place.path === (path === "" ? name : `${path} ${name}`))!.about;
      return `complete -c forereach -n ${quoted(here)} -a ${name} -d ${quoted(about)}`;
    });
    const flags = options.map(({ long, description, required, argChoices }) => {
      const value = argChoices !== undefined ? ` -x -a ${quoted(words(argChoices))}` : required ? " -r" : "";
      const where = path === "" ? "" : ` -n ${quoted(here)}`;
      return `complete -c forereach${where} -l ${long!.slice(2)}${value} -d ${quoted(description)}`;
    });
    return [...commands, ...flags];
  });
  return `${lines.join("\n")}\n`;
}
