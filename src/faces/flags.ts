/** Flags that several commands have. */
import { type Command, Option } from "commander";
import { COLLECTED_LEVELS } from "../model.ts";
import { levelOf } from "./arguments.ts";
import { FORMATS } from "./format.ts";

/** Formats of lists that are printed only. */
export const PRINTED = FORMATS.filter((format) => format !== "parquet");
export type Printed = (typeof PRINTED)[number];

/** Adds what says where rows go. */
export const withOutput = (to: Command, endings = ".csv, .json or .parquet"): Command =>
  to
    .addOption(new Option("--format <FORMAT>", "how to print").choices(FORMATS))
    .option("--out <FILE>", `write to a file (${endings})`)
    .option("--excel", "CSV for Excel: byte-order mark, a new file where a worksheet is full");

export const levelOption = (): Option =>
  new Option("--level <LEVEL>", "how deep to look; labels: also what files say of their labels")
    .choices(COLLECTED_LEVELS)
    .argParser(levelOf);
