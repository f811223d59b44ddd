/** The simulator as a server on loopback: Graph, ARM and blobs behind one address. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import {
  createSimulatorHandler,
  type HandlerOptions,
  type SimulatedAnswer,
  type Simulator,
} from "./handler.ts";
import type { SimulatorStats } from "./stats.ts";

export interface ServerOptions extends HandlerOptions {
  /** 0 (the default): any free port. */
  port?: number;
  /** A loopback address; the simulator accepts any token, so it must not be open to others. */
  host?: "127.0.0.1" | "::1";
  /** Called as each request arrives, with its number from 1. The answer waits for what it returns. */
  onRequest?: (number: number) => unknown;
}

export interface RunningSimulator {
  /** `http://127.0.0.1:PORT`. */
  readonly url: string;
  /** What to configure as endpoints, so that a crawl reads from here. */
  readonly endpoints: { readonly graph: string; readonly arm: string; readonly blob: string };
  stats(): SimulatorStats;
  /** Ends all connections. */
  stop(): Promise<void>;
}

/** Starts a server; rejects if the port is taken. */
export async function startSimulator(options: ServerOptions): Promise<RunningSimulator> {
  const { port = 0, host = "127.0.0.1", onRequest = () => {} } = options;
  const simulator = createSimulatorHandler(options);
  let requests = 0;
  const server = createServer((request, response) => {
    const ready = onRequest(++requests);
    void serve(simulator, request, response, ready);
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, resolve);
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("The simulator has no address.");
  const url = `http://${host.includes(":") ? `[${host}]` : host}:${address.port}`;
  return {
    url,
    endpoints: { graph: url, arm: url, blob: `${url}/blob` },
    stats: () => simulator.stats(),
    stop: () =>
      new Promise((resolve, reject) => {
        server.close((error) => (error ? reject(error) : resolve()));
        server.closeAllConnections();
      }),
  };
}

async function serve(
  simulator: Simulator,
  request: IncomingMessage,
  response: ServerResponse,
  ready: unknown,
): Promise<void> {
  try {
    await ready;
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const headers = Object.fromEntries(
      Object.entries(request.headers).map(([name, value]) => [
        name,
        Array.isArray(value) ? value.join(", ") : (value ?? ""),
      ]),
    );
    const url = `http://${request.headers.host ?? "127.0.0.1"}${request.url ?? "/"}`;
    send(
      await simulator.handle(request.method ?? "GET", url, headers, Buffer.concat(chunks).toString("utf8")),
      request,
      response,
    );
  } catch (error) {
    // A client that went away needs no answer; a defect of the simulator is told to the caller.
    if (request.destroyed || response.headersSent) response.destroy();
    else response.writeHead(500, { "content-type": "text/plain" }).end(String(error));
  }
}

function send(answer: SimulatedAnswer, request: IncomingMessage, response: ServerResponse): void {
  if (answer.broken === "reset") {
    request.socket.resetAndDestroy();
    return;
  }
  response.writeHead(answer.status, answer.headers);
  if (answer.broken === "cut") response.write(answer.body, () => request.socket.destroy());
  else response.end(request.method === "HEAD" ? undefined : answer.body);
}
