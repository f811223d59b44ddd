/** A TCP proxy on loopback that cuts every connection once so many bytes went to the server, and takes no more. */
import { connect, createServer, type Socket } from "node:net";

export interface CutProxy {
  port: number;
  /** Bytes that went to the server so far. */
  sent(): number;
  /** Cuts after so many more bytes; undefined: never. */
  cutAfter(bytes: number | undefined): void;
  close(): Promise<void>;
}

export async function cutProxy(target: number): Promise<CutProxy> {
  const sockets = new Set<Socket>();
  let total = 0;
  let limit = Number.POSITIVE_INFINITY;
  const server = createServer((client) => {
    if (total >= limit) {
      client.destroy();
      return;
    }
    const upstream = connect(target, "127.0.0.1");
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(socket);
      socket.on("error", () => {});
      socket.on("close", () => {
        sockets.delete(socket);
        other.destroy();
      });
    }
    client.on("data", (data) => {
      total += data.length;
      if (total < limit) upstream.write(data);
      else for (const socket of sockets) socket.destroy();
    });
    // The answer to the last request may get lost, which is the worst moment of all.
    upstream.on("data", (data) => client.write(data));
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return {
    port: address.port,
    sent: () => total,
    cutAfter(bytes) {
      limit = bytes === undefined ? Number.POSITIVE_INFINITY : total + bytes;
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((done) => server.close(done));
    },
  };
}
