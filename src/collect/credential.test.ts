import { expect, test } from "vitest";
import type { CredentialSpec } from "../config.ts";
import { createCredential } from "./credential.ts";

const clientId = "99999999-8888-7777-6666-555555555555";
const specs: CredentialSpec[] = [
  { kind: "certificate", clientId, path: "/nowhere.pem" },
  { kind: "managed-identity" },
  { kind: "managed-identity", clientId },
  { kind: "workload-federation", clientId, tokenFile: "/nowhere.token" },
  { kind: "client-secret", clientId, secret: "s" },
  { kind: "developer" },
];

test.each(specs)("a credential of kind $kind can be made without signing in", async (spec) => {
  const made = await createCredential(spec, {
    tenantId: "11111111-2222-3333-4444-555555555555",
    cloud: "usgov",
    proxy: "http://user:pass@proxy.example:8080",
    ca: "pem",
  });
  expect(made.getToken).toBeTypeOf("function");
});
