/** From a credential in the configuration to one that gives tokens. The library is loaded when needed. */
import type { TokenCredential, TokenCredentialOptions } from "@azure/identity";
import type { Cloud, CredentialSpec } from "../config.ts";

/** Where each cloud signs in. https://learn.microsoft.com/entra/identity-platform/authentication-national-cloud */
const AUTHORITIES: Readonly<Record<Cloud, string>> = {
  public: "https://login.microsoftonline.com",
  usgov: "https://login.microsoftonline.us",
  china: "https://login.chinacloudapi.cn",
};

/** What a token is asked for. https://learn.microsoft.com/graph/deployments */
const RESOURCES: Readonly<Record<Cloud, Readonly<Record<"graph" | "azure", string>>>> = {
  public: { graph: "https://graph.microsoft.com", azure: "https://management.azure.com" },
  usgov: { graph: "https://graph.microsoft.us", azure: "https://management.usgovcloudapi.net" },
  china: { graph: "https://microsoftgraph.chinacloudapi.cn", azure: "https://management.chinacloudapi.cn" },
};

export const tokenScope = (cloud: Cloud, service: "graph" | "azure") =>
  `${RESOURCES[cloud][service]}/.default`;

export interface SignIn {
  tenantId: string;
  cloud: Cloud;
  /** Address of an HTTP proxy. */
  proxy?: string | undefined;
  /** PEM text of a private certificate authority. */
  ca?: string | undefined;
}

/** Signs nobody in yet: that happens with the first token. */
export async function createCredential(spec: CredentialSpec, signIn: SignIn): Promise<TokenCredential> {
  const identity = await import("@azure/identity");
  const { tenantId } = signIn;
  const options = optionsOf(signIn);
  switch (spec.kind) {
    case "certificate":
      return new identity.ClientCertificateCredential(
        tenantId,
        spec.clientId,
        {
          certificatePath: spec.path,
          ...(spec.password === undefined ? {} : { certificatePassword: spec.password }),
        },
        options,
      );
    case "managed-identity":
      return new identity.ManagedIdentityCredential(
        spec.clientId === undefined ? options : { ...options, clientId: spec.clientId },
      );
    case "workload-federation":
      return new identity.WorkloadIdentityCredential({
        ...options,
        tenantId,
        clientId: spec.clientId,
        ...(spec.tokenFile === undefined ? {} : { tokenFilePath: spec.tokenFile }),
      });
    case "client-secret":
      return new identity.ClientSecretCredential(tenantId, spec.clientId, spec.secret, options);
    case "developer":
      return new identity.ChainedTokenCredential(
        new identity.AzureCliCredential({ tenantId }),
        new identity.AzureDeveloperCliCredential({ tenantId }),
        new identity.AzurePowerShellCredential({ tenantId }),
      );
  }
}

function optionsOf({ cloud, proxy, ca }: SignIn): TokenCredentialOptions {
  const options: TokenCredentialOptions = { authorityHost: AUTHORITIES[cloud] };
  if (ca !== undefined) options.tlsOptions = { ca };
  if (proxy !== undefined) {
    const { protocol, hostname, port, username, password } = new URL(proxy);
    const defaultPort = protocol === "https:" ? 443 : 80;
    options.proxyOptions = { host: `${protocol}//${hostname}`, port: Number(port) || defaultPort };
    if (username !== "") {
      options.proxyOptions.username = decodeURIComponent(username);
      options.proxyOptions.password = decodeURIComponent(password);
    }
  }
  return options;
}
