/** What a bench measures of its own process. */

export class Meter {
  records = 0;
  /** Resident bytes when each quarter of the records had come. */
  readonly quarters: number[] = [];
  readonly #expected: number;
  readonly #cpu = process.cpuUsage();
  readonly #started = performance.now();

  constructor(expected: number) {
    this.#expected = expected;
  }

  add(records: number): void {
    this.records += records;
    while (this.quarters.length < 4 && this.records >= (this.#expected * (this.quarters.length + 1)) / 4)
      this.quarters.push(process.memoryUsage.rss());
  }

  cpuSeconds(): number {
    const { user, system } = process.cpuUsage(this.#cpu);
    return (user + system) / 1e6;
  }

  wallSeconds(): number {
    return (performance.now() - this.#started) / 1000;
  }
}

export const megabytes = (bytes: number): string => `${Math.round(bytes / 1024 / 1024)} MB`;

export function line(name: string, value: string | number, target?: string): void {
  const shown = typeof value === "number" ? value.toLocaleString("en-US") : value;
  process.stdout.write(
    `  ${name.padEnd(30)} ${shown}${target === undefined ? "" : `   (target ${target})`}\n`,
  );
}
