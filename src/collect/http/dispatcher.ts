/** Connections through a proxy, and to services behind a private certificate authority. */
import { rootCertificates } from "node:tls";
import { Agent, type Dispatcher, ProxyAgent } from "undici";
import { ConfigError } from "../../model.ts";

export interface DispatcherOptions {
  /** `http://proxy.example:8080`, with user and password in it if the proxy asks for them. */
  proxy?: string;
  /** Certificates in PEM, trusted besides the usual ones. */
  ca?: string;
}

/** @throws ConfigError for a proxy that is no address, or for certificates that are not PEM. */
export function createDispatcher(options: DispatcherOptions): Dispatcher {
  const { proxy, ca } = options;
  if (ca !== undefined && !ca.includes("-----BEGIN CERTIFICATE-----"))
    throw new ConfigError(
      "bad-ca",
      "`ca` holds no certificate",
      "Give a file in PEM form (-----BEGIN CERTIFICATE-----).",
    );
  const tls = ca === undefined ? undefined : { ca: [...rootCertificates, ca] };
  if (proxy === undefined) return new Agent(tls === undefined ? {} : { connect: tls });
  if (!URL.canParse(proxy) || !/^https?:$/.test(new URL(proxy).protocol))
    throw new ConfigError("bad-proxy", "`proxy` is not an address", "Write http://host:port.");
  return new ProxyAgent({ uri: proxy, ...(tls === undefined ? {} : { requestTls: tls, proxyTls: tls }) });
}
