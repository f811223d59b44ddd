/** For tests of the simulator: a small tenant, and asking it without sockets. */
import { createSimulatorHandler, type HandlerOptions, type Simulator } from "./handler.ts";
import { createTenant, type Tenant } from "./tenant.ts";

export const ORIGIN = "http://127.0.0.1:1";
export const TOKEN = { authorization: "Bearer any" };

export const smallTenant = (seed = 7): Tenant =>
  createTenant({
    seed,
    users: 1_500,
    groups: 120,
    memberships: 9_000,
    agents: 230,
    apps: 40,
    subscriptions: 3,
    accounts: 12,
    containers: 60,
    items: 4_000,
    overexposed: true,
  });

/** An object of an answer; properties are read as they come. */
export type Answered = { readonly [name: string]: unknown };
export interface AskedPage {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Answered;
  readonly value: readonly Answered[];
}

const isAnswered = (value: unknown): value is Answered =>
  typeof value === "object" && value !== null && !Array.isArray(value);

export class Asker {
  readonly simulator: Simulator;
  readonly tenant: Tenant;
  constructor(tenant: Tenant, options: Omit<HandlerOptions, "tenant"> = { throttle: { enabled: false } }) {
    this.tenant = tenant;
    this.simulator = createSimulatorHandler({ tenant, ...options });
  }

  async get(pathOrLink: string, headers: Readonly<Record<string, string>> = {}): Promise<AskedPage> {
    const url = pathOrLink.startsWith("http") ? pathOrLink : ORIGIN + pathOrLink;
    const answer = await this.simulator.handle("GET", url, { ...TOKEN, ...headers });
    const parsed: unknown = JSON.parse(String(answer.body));
    const body = isAnswered(parsed) ? parsed : {};
    const value = Array.isArray(body.value) ? body.value.filter(isAnswered) : [];
    return { status: answer.status, headers: answer.headers, body, value };
  }

  async batch(urls: readonly string[]): Promise<readonly Answered[]> {
    const requests = urls.map((url, n) => ({ id: String(n), method: "GET", url }));
    const answer = await this.simulator.handle(
      "POST",
      `${ORIGIN}/v1.0/$batch`,
      TOKEN,
      JSON.stringify({ requests }),
    );
    const parsed: unknown = JSON.parse(String(answer.body));
    return isAnswered(parsed) && Array.isArray(parsed.responses) ? parsed.responses.filter(isAnswered) : [];
  }

  /** All rows of a collection, following its links; `link` is the delta link of its last page. */
  async all(
    path: string,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<{ rows: Answered[]; pages: number; link: string }> {
    const rows: Answered[] = [];
    let next: string | undefined = path;
    let pages = 0;
    let link = "";
    while (next !== undefined) {
      const page: AskedPage = await this.get(next, headers);
      if (page.status !== 200) throw new Error(`${next} answered ${page.status}`);
      rows.push(...page.value);
      pages++;
      link = String(page.body["@odata.deltaLink"] ?? "");
      const following: unknown = page.body["@odata.nextLink"] ?? page.body.nextLink;
      next = typeof following === "string" ? following : undefined;
    }
    return { rows, pages, link };
  }
}
