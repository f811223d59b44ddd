import { existsSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { changesOf, fake, putsOf, relations, run } from "./fixtures/fake.ts";
import { entra } from "./index.ts";

const FILE = new URL("../../../shared/inputs/tenant-a/exchanges.jsonl", import.meta.url);

interface Exchange {
  request: { method: string; url: string };
  response: { status: number; body: { value?: { id?: string }[]; "@odata.nextLink"?: string } };
}

/** Answers by path and skip token, as the recording asks for. */
function recorded(): Map<string, Exchange["response"]["body"]> {
  const answers = new Map<string, Exchange["response"]["body"]>();
  for (const line of readFileSync(FILE, "utf8").trim().split("\n")) {
    const { request, response }: Exchange = JSON.parse(line);
    if (request.url.startsWith("https://graph.")) answers.set(keyOf(request.url), response.body);
  }
  return answers;
}

function keyOf(url: string): string {
  const { pathname, searchParams } = new URL(url, "https://graph.microsoft.com");
  return `${pathname} ${searchParams.get("$skiptoken") ?? ""}`.toLowerCase();
}

describe.skipIf(!existsSync(FILE))("a recorded tenant (../shared/inputs/tenant-a)", () => {
  const answers = recordedOrNone();
  const step = (id: string) => entra.steps.find((one) => one.id === `entra.${id}`)!;
  const tenant = fakeOf(answers);

  it("is read by listing wherever it was recorded, each request once", async () => {
    const nodes = async (id: string) =>
      putsOf(changesOf(await run(step(id), tenant()))).filter(({ kind }) => kind === "Principal");
    expect(await nodes("users")).toHaveLength(39);
    expect(await nodes("groups")).toHaveLength(7);
    expect(await nodes("service-principals")).toHaveLength(405);
    const managed = (await nodes("service-principals")).filter(
      ({ props }) => props && "host" in props && props.host,
    );
    expect(managed).toHaveLength(33);
  });

  it("gives every assignment of an application permission its meaning", async () => {
    const changes = changesOf(await run(step("app-role-assignments"), tenant()));
    const consents = putsOf(changes).filter(({ kind }) => kind === "CONSENTED");
    const keys = new Set(consents.map(({ props }) => props && "key" in props && props.key));
    expect(keys.size).toBe(107);
    expect(relations(changes, "CONTROLS").length).toBeGreaterThan(0);
    expect(
      putsOf(changes).filter(({ props }) => props && "unknown" in props && props.unknown),
    ).not.toHaveLength(0);
  });

  it("holds directory roles with what they control", async () => {
    const changes = changesOf(await run(step("directory-roles"), tenant()));
    expect(relations(changes, "MEMBER_OF")).toHaveLength(35);
  });

  it("fails, and is not empty, where nothing was recorded", async () => {
    for (const id of ["agent-identities", "agent-users", "blueprints", "delegated-grants", "applications"])
      await expect(run(step(id), tenant()), id).rejects.toMatchObject({ code: "not-recorded" });
  });
});

function recordedOrNone() {
  return existsSync(FILE) ? recorded() : new Map<string, Exchange["response"]["body"]>();
}

function fakeOf(answers: ReturnType<typeof recorded>) {
  return () =>
    fake((path) => {
      const body = answers.get(keyOf(path));
      return (
        body && {
          value: body.value ?? [],
          ...(body["@odata.nextLink"] ? { next: body["@odata.nextLink"] } : {}),
        }
      );
    });
}
