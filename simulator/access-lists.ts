/**
 * Access lists of files and directories in accounts with a hierarchical namespace.
 * https://learn.microsoft.com/azure/storage/blobs/data-lake-storage-access-control
 */
import type { SimulatedFile } from "./files.ts";
import { mix } from "./random.ts";
import { KIND, type World } from "./world.ts";

/** As the service tells it. */
export interface SimulatedList {
  readonly owner: string;
  readonly group: string;
  readonly permissions: string;
  readonly acl: string;
}

const OWNER = "$superuser";
const listOf = (entries: readonly string[], permissions: string): SimulatedList => ({
  owner: OWNER,
  group: OWNER,
  permissions: `${permissions}+`,
  acl: entries.join(","),
});

/** The directory that a file lies in; files lie one deep. */
export const folderOf = (name: string): string => name.slice(0, Math.max(0, name.indexOf("/")));

export class AccessLists {
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
  }

  /** Whom the lists of a container are about: an agent and two groups. */
  #known(container: number): readonly [agent: string, first: string, second: string] {
    const { guids, seed, size } = this.#world;
    const group = (salt: number) =>
      guids.of(KIND.group, mix(seed, salt, container) % Math.max(1, size.groups));
    const agent = guids.of(KIND.agent, mix(seed, 120, container) % Math.max(1, size.agents));
    return [agent, group(121), group(122)];
  }

  /** Everybody whom a list further down names may pass. */
  root(container: number): SimulatedList {
    const [agent, first, second] = this.#known(container);
    const named = [`user:${agent}:--x`, ...new Set([`group:${first}:--x`, `group:${second}:--x`])];
    return listOf(
      ["user::rwx", named[0]!, "group::r-x", ...named.slice(1), "mask::r-x", "other::--x"],
      "rwxr-x--x",
    );
  }

  /** A directory is open to the agent, to a group with or without it, or to everybody. */
  directory(container: number, folder: string): SimulatedList {
    const [agent, first, second] = this.#known(container);
    const group = (id: string, bits: string) => [`group:${id}:${bits}`];
    const entries = (
      users: readonly string[],
      groups: readonly string[],
      other: string,
    ): readonly string[] => {
      const all = ["user::rwx", ...users, "group::---", ...groups, "mask::rwx", `other::${other}`];
      return [...all, ...all.map((entry) => `default:${entry}`)];
    };
    switch (this.#style(container, folder)) {
      case 0:
        return listOf(entries([`user:${agent}:r-x`], group(first, "r-x"), "---"), "rwxrwx---");
      case 1:
        return listOf(entries([], group(first, "rwx"), "---"), "rwxrwx---");
      // In the group or not, the agent's own entry says no.
      case 2:
        return listOf(entries([`user:${agent}:---`], group(first, "r-x"), "---"), "rwxrwx---");
      default:
        return listOf(entries([], group(second, "--x"), "r-x"), "rwxrwxr-x");
    }
  }

  /** A file has what its directory hands on, but for one in twenty that somebody closed. */
  file(container: number, file: SimulatedFile): SimulatedList {
    if (mix(this.#world.seed, 124, file.index) % 20 === 0)
      return { owner: OWNER, group: OWNER, permissions: "rw-------", acl: "user::rw-,group::---,other::---" };
    const { acl, permissions } = this.directory(container, folderOf(file.name));
    const handedOn = acl.split(",").filter((entry) => !entry.startsWith("default:"));
    return listOf(handedOn, permissions);
  }

  #style(container: number, folder: string): number {
    return mix(this.#world.seed, 123, container, Number.parseInt(folder.slice(0, 4), 10) || 0) % 4;
  }
}
