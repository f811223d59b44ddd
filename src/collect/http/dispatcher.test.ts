import { once } from "node:events";
import { createServer } from "node:http";
import { connect } from "node:net";
import { describe, expect, it } from "vitest";
import { json, loopbackTransport, startLoopback } from "../../../test/loopback.ts";
import { createDispatcher } from "./dispatcher.ts";

describe("createDispatcher", () => {
  it("goes through the proxy", async () => {
    const server = await startLoopback((_, response) => json(response, { id: "1" }));
    const tunnels: string[] = [];
    const proxy = createServer();
    proxy.on("connect", (request, socket) => {
      tunnels.push(request.url ?? "");
      const { hostname, port } = new URL(`http://${request.url}`);
      const target = connect(Number(port), hostname, () => {
        socket.write("HTTP/1.1 200 Connection established\r\n\r\n");
        target.pipe(socket).pipe(target);
      });
    });
    proxy.listen(0, "127.0.0.1");
    await once(proxy, "listening");
    const address = proxy.address();
    if (address === null || typeof address === "string") throw new Error("no port");

    const dispatcher = createDispatcher({ proxy: `http://127.0.0.1:${address.port}` });
    const transport = loopbackTransport(server.url, { dispatcher });
    expect((await transport.get("graph", "/v1.0/users/1")).body).toEqual({ id: "1" });
    expect(tunnels).toEqual([new URL(server.url).host]);
    await dispatcher.destroy();
    proxy.close();
    await server.close();
  });

  it.each([
    [{ proxy: "proxy.example:8080" }, "bad-proxy"],
    [{ proxy: "socks://proxy.example" }, "bad-proxy"],
    [{ ca: "/etc/ssl/ca.pem" }, "bad-ca"],
  ])("refuses %j", (options, code) => {
    expect(() => createDispatcher(options)).toThrow(expect.objectContaining({ name: "ConfigError", code }));
  });
});
