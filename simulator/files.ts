/** Blobs of a simulated tenant: names, types, labels and sensitive content, each derived from its number. */
import { FILE_TOPICS, FOLDERS, SENSITIVE_TYPES } from "./names.ts";
import { chance, mix, pick, shareOf, shares } from "./random.ts";
import { type Json, KIND, type World } from "./world.ts";

/** Sensitivity labels of the tenant, least sensitive first. */
export const LABELS = ["Public", "General", "Confidential", "Highly Confidential"] as const;

export interface FileLabel {
  readonly id: string;
  readonly name: string;
  readonly method: "Standard" | "Privileged";
  /** Where in the file it stands: the co-authoring part or the classic properties. */
  readonly scheme: "labelInfo" | "custom";
}

export interface SimulatedFile {
  readonly index: number;
  /** 0 is the current content, 1 the one before it. */
  readonly generation: number;
  readonly name: string;
  readonly extension: string;
  readonly contentType: string;
  /** Bytes of filler; the size of an Office file adds its parts. */
  readonly filler: number;
  readonly label: FileLabel | undefined;
  /** True if the store's own metadata names the label, too. */
  readonly labelInMetadata: boolean;
  readonly sensitive: readonly string[];
  /** Numbers of older contents kept as snapshots or versions. */
  readonly older: number;
  readonly modified: Date;
}

const TYPES: readonly (readonly [upTo: number, extension: string, contentType: string])[] = [
  [34, "docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"],
  [58, "xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"],
  [66, "pptx", "application/vnd.openxmlformats-officedocument.presentationml.presentation"],
  [80, "pdf", "application/pdf"],
  [88, "csv", "text/csv"],
  [93, "txt", "text/plain"],
  [97, "json", "application/json"],
  [100, "png", "image/png"],
];
const LABELLED = new Set(["docx", "xlsx", "pptx"]);
const FOLDER_SIZE = 250;
const START = Date.UTC(2022, 0, 3);

export class Files {
  readonly #world: World;
  readonly #starts: Float64Array;

  constructor(world: World) {
    this.#world = world;
    const { items, containers } = world.size;
    this.#starts = shares(items, containers, (c) => 0.02 + chance(world.seed, 90, c) ** 3);
  }

  /** Files of a container: numbers [from, to), in the order of their names. */
  of(container: number): readonly [from: number, to: number] {
    return [this.#starts[container]!, this.#starts[container + 1]!];
  }

  labelId(n: number): string {
    return this.#world.guids.of(KIND.label, n);
  }

  /** The taxonomy as Graph lists it; one label has one below it. */
  taxonomy(): Json[] {
    const label = (n: number, displayName: string, sublabels: readonly Json[] = []): Json => ({
      ...{ id: this.labelId(n), name: displayName, displayName, description: null, priority: n },
      ...{ hasProtection: n >= 3, isEndpointProtectionEnabled: false, actionSource: "manual", sublabels },
    });
    const last = LABELS.length - 1;
    return LABELS.map((name, n) => label(n, name, n === last ? [label(n + 1, `${name}, board only`)] : []));
  }

  file(index: number): SimulatedFile {
    const { seed } = this.#world;
    const container = shareOf(this.#starts, index);
    const position = index - this.#starts[container]!;
    const bits = mix(seed, 91, index);
    const [, extension, contentType] = TYPES.find(([upTo]) => bits % 100 < upTo)!;
    const folder = Math.floor(position / FOLDER_SIZE);
    // A container of sensitive business holds many sensitive files, others few.
    const heavy = mix(seed, 92, container) % 6 === 0;
    const sensitive = mix(seed, 93, index) % 100 < (heavy ? 25 : 2);
    const labelled = LABELLED.has(extension) && mix(seed, 94, index) % 100 < (heavy ? 70 : 55);
    const level = sensitive ? 2 + (mix(seed, 95, index) % 2) : mix(seed, 95, index) % LABELS.length;
    return {
      index,
      generation: 0,
      name: `${String(folder).padStart(4, "0")}-${pick(FOLDERS, mix(seed, 96, container, folder))}/${String(position).padStart(7, "0")} ${pick(FILE_TOPICS, bits >>> 8)}.${extension}`,
      extension,
      contentType,
      filler: 2_000 + (mix(seed, 97, index) % 180_000),
      label: labelled
        ? {
            id: this.labelId(level),
            name: LABELS[level]!,
            method: bits & 1 ? "Standard" : "Privileged",
            scheme: (bits >>> 20) % 3 === 0 ? "custom" : "labelInfo",
          }
        : undefined,
      labelInMetadata: labelled && (bits >>> 12) % 10 < 8,
      sensitive: sensitive
        ? SENSITIVE_TYPES.filter(
            (_, n) => n === bits % SENSITIVE_TYPES.length || (bits >>> (16 + n)) % 4 === 0,
          )
        : [],
      older: (bits >>> 4) % 20 === 0 ? 1 + ((bits >>> 9) % 2) : 0,
      modified: new Date(START + (mix(seed, 98, index) % 126_000_000) * 1000),
    };
  }

  /** The file of that name in a container, or undefined. */
  byName(container: number, name: string): SimulatedFile | undefined {
    const [from, to] = this.of(container);
    const index = from + Number.parseInt(name.slice(name.indexOf("/") + 1, name.indexOf("/") + 8), 10);
    if (!(index < to)) return undefined;
    const file = this.file(index);
    return file.name === name ? file : undefined;
  }

  /** First file of a container whose name is not below `text`: the names are sorted, so by halving. */
  firstFrom(container: number, text: string): number {
    let [low, high] = this.of(container);
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if (this.file(middle).name < text) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** An older content of a file: shorter, a month older each, and from before anybody labelled it. */
export const olderContent = (file: SimulatedFile, generation: number): SimulatedFile => ({
  ...file,
  generation,
  filler: file.filler - generation,
  label: undefined,
  labelInMetadata: false,
  modified: new Date(file.modified.getTime() - generation * 30 * 86_400_000),
});
