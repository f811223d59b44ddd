import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { configJsonSchema, initConfig, loadConfig, parseConfig } from "./config.ts";
import { ConfigError, type ForereachError } from "./model.ts";
import { nearest } from "./nearest.ts";

const TENANT = "11111111-2222-3333-4444-555555555555";
const APP = "99999999-8888-7777-6666-555555555555";
const NAMES = ["entra", "azure"];

const read = (source: string, env: Record<string, string> = {}) =>
  parseConfig(source, "forereach.yaml", NAMES, env).config;

function refusal(source: string, env: Record<string, string> = {}): ForereachError {
  try {
    read(source, env);
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
  throw new Error("it was accepted");
}

const minimal = `tenants:
  - id: ${TENANT}
    connectors:
      entra: { credential: { kind: developer } }
`;

describe("reading", () => {
  test("the smallest file gets the defaults", () => {
    expect(read(minimal)).toEqual({
      level: "metadata",
      agents: { source: "entra", list: [] },
      store: { kind: "embedded" },
      network: {},
      tenants: [
        {
          ...{ id: TENANT, cloud: "public", budget: 50, include: [], exclude: [] },
          connectors: { entra: { credential: { kind: "developer" } } },
        },
      ],
    });
  });

  test("several tenants, each connector with a credential of its own, in sovereign clouds", () => {
    const { tenants } = read(`tenants:
  - id: ${TENANT}
    cloud: usgov
    connectors:
      entra: { credential: { kind: certificate, clientId: ${APP}, path: key.pem } }
      azure: { credential: { kind: managed-identity } }
  - id: ${APP.toUpperCase()}
    cloud: china
    budget: 20
    connectors:
      azure: { credential: { kind: workload-federation, clientId: ${APP} } }
`);
    expect(tenants.map(({ id, cloud, budget }) => [id, cloud, budget])).toEqual([
      [TENANT, "usgov", 50],
      [APP, "china", 20],
    ]);
    expect(tenants[0]?.connectors.azure?.credential).toEqual({ kind: "managed-identity" });
  });

  test("text values take variables from the environment, and a doubled sign keeps the braces", () => {
    const source = minimal
      .replace("{ kind: developer }", `{ kind: client-secret, clientId: ${APP}, secret: "a\${S}b" }`)
      .replace("    connectors", () => `    name: "$\${S}"\n    connectors`);
    const tenant = read(source, { S: "-s3cret-" }).tenants[0];
    expect(tenant?.connectors.entra?.credential).toMatchObject({ secret: "a-s3cret-b" });
    expect(tenant?.name).toBe(`\${S}`);
  });

  test("the file that init writes is accepted, by the program and by its JSON Schema", () => {
    const source = initConfig(TENANT, NAMES);
    const { tenants } = read(source);
    expect(Object.keys(tenants[0]?.connectors ?? {})).toEqual(NAMES);
    const validate = new Ajv2020({ strict: false, validateFormats: false }).compile(configJsonSchema(NAMES));
    expect(validate(parse(source))).toBe(true);
    expect(validate({ tenants: [], levle: 1 })).toBe(false);
  });
});

describe("refusals name file, line and key", () => {
  test("an unknown key, with the nearest one that is known there", () => {
    expect(refusal(`levl: metadata\n${minimal}`).message).toBe(
      "forereach.yaml:1: levl is not known; did you mean level?",
    );
    expect(refusal(minimal.replace("entra:", "entar:")).message).toBe(
      "forereach.yaml:4: tenants[0].connectors.entar is not known; did you mean entra?",
    );
    const credential = `{ kind: client-secret, clientId: ${APP}, secret: x, sceret: y }`;
    expect(refusal(minimal.replace("{ kind: developer }", credential)).message).toContain(
      "credential.sceret is not known; did you mean secret?",
    );
  });

  test("a key that resembles none is unknown without a guess", () => {
    expect(refusal(`zzzzzzzz: 1\n${minimal}`).message).toBe("forereach.yaml:1: zzzzzzzz is not known");
  });

  test.each([
    [`level: all\n${minimal}`, "forereach.yaml:1: level: must be one of metadata, labels"],
    // Names of levels at which nothing is collected yet: a scan would end with nothing read, and nothing said.
    [`level: exports\n${minimal}`, "forereach.yaml:1: level: must be one of metadata, labels"],
    [`level: content\n${minimal}`, "forereach.yaml:1: level: must be one of metadata, labels"],
    // It never decided anything.
    [`sensitive: { labels: [x] }\n${minimal}`, "forereach.yaml:1: sensitive is not known"],
    [minimal.replace(TENANT, "contoso"), "forereach.yaml:2: tenants[0].id: must be a GUID"],
    [minimal.replace("developer", "magic"), "must be one of certificate, managed-identity"],
    ["tenants: []", "forereach.yaml:1: tenants: must be at least 1 long"],
    ["tenants: 7", "forereach.yaml:1: tenants: must be of type array"],
    [`${minimal}    budget: 0`, "forereach.yaml:5: tenants[0].budget: must be at least 1"],
    [`${minimal}agents: { list: [{}] }`, "agents.list[0]: says nothing to match"],
    ["level: metadata", "tenants: must be of type array"],
  ])("a wrong value: %j", (source, message) => {
    expect(refusal(source).message).toContain(message);
  });

  test("all problems are told at once", () => {
    const source = `levl: x\n${minimal.replace("entra:", "entar:")}`;
    expect(refusal(source).message.split("\n")).toHaveLength(2);
  });

  test("a missing variable, by name", () => {
    const error = refusal(minimal.replace("developer", `"\${KIND}"`));
    expect(error.message).toBe("forereach.yaml:4: the environment has no KIND");
    expect(error.fix).toBe("export KIND=...");
  });

  test("the same tenant twice, an empty file, and text that is not YAML", () => {
    expect(refusal(minimal + minimal.replace("tenants:\n", "")).message).toContain("listed twice");
    expect(refusal("").message).toContain("empty");
    expect(refusal(minimal.replace("developer", `\${KIND}`)).fix).toContain("in quotes");
    expect(refusal("tenants: [\n").message).toMatch(/^forereach.yaml:\d+: not YAML/);
  });

  test("no refusal shows a value", () => {
    const secret = "hunter2-hunter2";
    const withSecret = (value: string) =>
      minimal.replace("{ kind: developer }", `{ kind: client-secret, clientId: ${value}, secret: ${value} }`);
    const sources = [
      withSecret(secret),
      withSecret(`${secret}: [`),
      withSecret(`"${secret}`),
      withSecret(`[${secret}]`),
      minimal.replace("developer", secret),
      minimal.replace(TENANT, `\${S}`),
    ];
    for (const source of sources) {
      const { message, fix } = refusal(source, { S: secret });
      expect(`${message} ${fix}`).not.toContain(secret);
    }
  });
});

describe("the file itself", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "forereach-config-"));
  });
  afterEach(() => rm(folder, { recursive: true }));

  test("a missing file says how to get one", async () => {
    const error = await loadConfig(join(folder, "none.yaml"), NAMES).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(ConfigError);
    expect(error).toMatchObject({ code: "config-missing", fix: expect.stringContaining("forereach init") });
  });

  test("a folder in its place is unreadable", async () => {
    await expect(loadConfig(folder, NAMES)).rejects.toMatchObject({ code: "config-unreadable" });
  });

  test.skipIf(process.platform === "win32")(
    "a secret in a file that others can read is warned about",
    async () => {
      const path = join(folder, "forereach.yaml");
      const credential = `{ kind: client-secret, clientId: ${APP}, secret: plain }`;
      await writeFile(path, minimal.replace("{ kind: developer }", credential));
      await chmod(path, 0o644);
      expect((await loadConfig(path, NAMES)).warnings).toEqual([expect.stringContaining("chmod 600")]);
      await chmod(path, 0o600);
      expect((await loadConfig(path, NAMES)).warnings).toEqual([]);
    },
  );
});

test("the nearest word is one that could have been meant", () => {
  expect(nearest("tenant", ["level", "tenants", "network"])).toBe("tenants");
  expect(nearest("quux", ["level", "tenants"])).toBeUndefined();
});
