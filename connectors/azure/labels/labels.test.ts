import fc from "fast-check";
import { strToU8 } from "fflate";
import { describe, expect, it } from "vitest";
import {
  CONFIDENTIAL,
  customXml,
  encryptedFile,
  type LabelEntry,
  labelInfo,
  labelKeys,
  OTHER_TENANT,
  officeFile,
  SECRET,
  TENANT,
} from "../../../test/office.ts";
import { formatOf, fromKeys, LIMITS, type Limits, RangedFile, readLabel } from "./index.ts";

const open = (bytes: Uint8Array, limits?: Limits): RangedFile =>
  new RangedFile(bytes.length, async (offset, length) => bytes.subarray(offset, offset + length), limits);
const read = (bytes: Uint8Array) => readLabel(open(bytes), "office", TENANT);

describe("the label of an Office package", () => {
  it("is the one that LabelInfo gives for this tenant, without braces and in lower case", async () => {
    const file = officeFile({
      labelInfo: labelInfo(
        { id: SECRET, siteId: OTHER_TENANT },
        { id: CONFIDENTIAL.toUpperCase(), contentBits: "9" },
      ),
    });
    expect(await read(file)).toEqual({
      state: "labeled",
      id: CONFIDENTIAL,
      method: "privileged",
      encrypted: true,
    });
  });

  it("is read from custom properties where there is no LabelInfo, with its name", async () => {
    const file = officeFile({ custom: customXml(labelKeys(CONFIDENTIAL, { Name: "R&D only" })) });
    expect(await read(file)).toEqual({
      state: "labeled",
      id: CONFIDENTIAL,
      name: "R&D only",
      method: "standard",
    });
  });

  it("is read from custom properties where LabelInfo speaks of other tenants only", async () => {
    const file = officeFile({
      labelInfo: labelInfo({ id: SECRET, siteId: OTHER_TENANT }),
      custom: customXml(labelKeys(CONFIDENTIAL)),
    });
    expect(await read(file)).toMatchObject({ state: "labeled", id: CONFIDENTIAL });
  });

  it("prefers LabelInfo to custom properties that say something else", async () => {
    const file = officeFile({
      labelInfo: labelInfo({ id: SECRET }),
      custom: customXml(labelKeys(CONFIDENTIAL)),
    });
    expect(await read(file)).toMatchObject({ id: SECRET });
  });

  it("stays removed where LabelInfo says so, whatever older custom properties say", async () => {
    const file = officeFile({
      labelInfo: labelInfo({ id: CONFIDENTIAL, enabled: "0", removed: "1" }),
      custom: customXml(labelKeys(CONFIDENTIAL)),
    });
    expect(await read(file)).toEqual({ state: "unlabeled" });
  });

  it("is found where the package's relationships point, not only at the usual place", async () => {
    const file = officeFile({ labelInfo: labelInfo({ id: SECRET }), labelPart: "customName/labels.xml" });
    expect(await read(file)).toMatchObject({ id: SECRET });
  });

  it("is not what a part of the usual name says where a relationship names another", async () => {
    const other = "docMetadata/LabelInfo2.xml";
    const usual = (xml: string) => ({ "docMetadata/LabelInfo.xml": strToU8(xml) });
    for (const xml of [labelInfo({ id: SECRET, removed: "1" }), "no XML"]) {
      const file = officeFile({ labelInfo: labelInfo({ id: SECRET }), labelPart: other, extra: usual(xml) });
      expect(await read(file)).toMatchObject({ id: SECRET });
    }
    const missing = officeFile({ labelTargets: [other], extra: usual(labelInfo({ id: SECRET })) });
    expect(await read(missing)).toEqual({ state: "unknown", reason: "corrupt" });
  });

  it("is what a part of the usual name says where no relationship names any, but is not taken away by it", async () => {
    const usual = (entry: LabelEntry) =>
      officeFile({
        labelInfo: labelInfo(entry),
        labelTargets: [],
        custom: customXml(labelKeys(CONFIDENTIAL)),
      });
    expect(await read(usual({ id: SECRET }))).toMatchObject({ id: SECRET });
    expect(await read(usual({ id: SECRET, removed: "1" }))).toMatchObject({ id: CONFIDENTIAL });
  });

  it("is the same however its characters are written, and unknown where they cannot be told", async () => {
    const label = (siteId: string) => officeFile({ labelInfo: labelInfo({ id: SECRET, siteId }) });
    const [first, rest] = [TENANT.slice(0, 1), TENANT.slice(1)];
    expect(await read(label(`&#${first.charCodeAt(0)};${rest}`))).toMatchObject({ id: SECRET });
    expect(await read(label(`&#x${first.charCodeAt(0).toString(16)};${rest}`))).toMatchObject({ id: SECRET });
    for (const reference of ["&one;", "&#0;", "&#xD800;", "&#x110000;", "&#49", "&"])
      expect(await read(label(`${reference}${rest}`)), reference).toEqual({
        state: "unknown",
        reason: "corrupt",
      });
    const plain = customXml(labelKeys(CONFIDENTIAL, { Name: "R&D" }));
    const section = plain.replace("R&amp;D", "<![CDATA[R&D &amp; ]]>&#9;&#x1F5DD;");
    expect(await read(officeFile({ custom: section }))).toMatchObject({ name: "R&D &amp;  \u{1F5DD}" });
  });

  it("is absent in a file without label parts, with an empty list, or of another tenant", async () => {
    expect(await read(officeFile())).toEqual({ state: "unlabeled" });
    expect(await read(officeFile({ labelInfo: labelInfo() }))).toEqual({ state: "unlabeled" });
    const foreign = customXml(labelKeys(SECRET, { SiteId: OTHER_TENANT }));
    expect(await read(officeFile({ custom: foreign }))).toEqual({ state: "unlabeled" });
  });

  it("is unknown where an active label does not tell its tenant, and none of this one is active", async () => {
    const untold = { state: "unknown", reason: "tenant-untold" };
    const nobodys = { id: SECRET, siteId: "" };
    expect(await read(officeFile({ labelInfo: labelInfo(nobodys) }))).toEqual(untold);
    expect(await read(officeFile({ custom: customXml(labelKeys(SECRET, { SiteId: "" })) }))).toEqual(untold);
    expect(await read(encryptedFile(labelInfo(nobodys)))).toEqual(untold);
    expect(await read(officeFile({ labelInfo: labelInfo({ ...nobodys, removed: "1" }) }))).toEqual({
      state: "unlabeled",
    });
    expect(await read(officeFile({ labelInfo: labelInfo(nobodys, { id: CONFIDENTIAL }) }))).toMatchObject({
      id: CONFIDENTIAL,
    });
  });

  it("is unknown, never absent, in a file whose bytes cannot be followed", async () => {
    const good = officeFile({ labelInfo: labelInfo({ id: SECRET }) });
    const corrupt = { state: "unknown", reason: "corrupt" };
    expect(await read(good.subarray(0, good.length - 30))).toEqual(corrupt);
    expect(await read(Buffer.from("this is no zip"))).toEqual(corrupt);
    expect(await read(officeFile({ labelInfo: "<labelList" }))).toEqual(corrupt);
    const bomb = `<!DOCTYPE x [<!ENTITY a "aaaa">]>${labelInfo()}`;
    expect(await read(officeFile({ labelInfo: bomb }))).toEqual(corrupt);
    expect(await read(officeFile({ labelInfo: labelInfo({ id: "not-a-guid" }) }))).toEqual(corrupt);
    const twice = { "DOCMETADATA/labelinfo.xml": strToU8(labelInfo()) };
    expect(await read(officeFile({ labelInfo: labelInfo({ id: SECRET }), extra: twice }))).toEqual(corrupt);
    const labelTargets = ["docMetadata/LabelInfo.xml", "docMetadata/empty.xml"];
    expect(await read(officeFile({ labelInfo: labelInfo({ id: SECRET }), labelTargets }))).toEqual(corrupt);
  });

  it("is unknown where a part unpacks to more than a label can be, and little is fetched", async () => {
    const file = open(officeFile({ labelInfo: " ".repeat(50_000_000) }));
    expect(await readLabel(file, "office", TENANT)).toEqual({ state: "unknown", reason: "over-limits" });
    expect(file.used.bytes).toBeLessThan(20_000);
  });

  it("is unknown where the budget of requests does not suffice", async () => {
    const file = open(officeFile({ content: Buffer.alloc(100_000), custom: customXml({}) }), {
      bytes: 1e6,
      requests: 1,
    });
    expect(await readLabel(file, "office", TENANT)).toEqual({ state: "unknown", reason: "over-limits" });
  });

  it("costs a few small requests, and none touches the content", async () => {
    const content = Buffer.alloc(20_000_000, "secret ");
    const bytes = officeFile({ content, custom: customXml(labelKeys(CONFIDENTIAL)) });
    const start = bytes.indexOf("secret ");
    const file = new RangedFile(bytes.length, async (offset, length) => {
      const inside = offset >= start + 1024 && offset + length <= start + content.length - 16_384;
      expect(inside).toBe(false);
      return bytes.subarray(offset, offset + length);
    });
    expect(await readLabel(file, "office", TENANT)).toMatchObject({ id: CONFIDENTIAL });
    expect(file.used.bytes).toBeLessThan(16_384);
    expect(file.used.requests).toBeLessThanOrEqual(4);
  });

  it("throws what the fetch threw, at whichever request: a file that was not read says nothing", async () => {
    const refused = new Error("refused");
    const padding = Buffer.alloc(40_000);
    const files = [
      officeFile({ content: padding, custom: customXml(labelKeys(SECRET)), extra: { "z/last": padding } }),
      encryptedFile(labelInfo({ id: SECRET })),
    ];
    for (const bytes of files) {
      const whole = open(bytes);
      await readLabel(whole, "office", TENANT);
      for (let good = 0; good < whole.used.requests; good++) {
        let requests = 0;
        const file = new RangedFile(bytes.length, async (offset, length) => {
          if (requests++ >= good) throw refused;
          return bytes.subarray(offset, offset + length);
        });
        await expect(readLabel(file, "office", TENANT)).rejects.toBe(refused);
      }
      expect(whole.used.requests).toBeGreaterThan(1);
    }
  });
});

describe("the label of an encrypted Office file", () => {
  it("is read from the stream that stays in clear, without the encrypted package", async () => {
    const file = open(encryptedFile(labelInfo({ id: SECRET, contentBits: "8" }), 5_000_000));
    expect(await readLabel(file, "office", TENANT)).toMatchObject({ id: SECRET, encrypted: true });
    expect(file.used.bytes).toBeLessThan(32_768);
  });

  it("is read from a stream that is too long for the short-stream area", async () => {
    const many = Array.from({ length: 40 }, () => ({ id: CONFIDENTIAL, siteId: OTHER_TENANT }));
    const file = encryptedFile(labelInfo(...many, { id: SECRET }));
    expect(await read(file)).toMatchObject({ id: SECRET });
  });

  it("is unknown where the stream is missing or speaks of other tenants only", async () => {
    const encrypted = { state: "unknown", reason: "encrypted" };
    expect(await read(encryptedFile(undefined))).toEqual(encrypted);
    expect(await read(encryptedFile(labelInfo({ id: SECRET, siteId: OTHER_TENANT })))).toEqual(encrypted);
  });
});

describe("label keys", () => {
  const keys = (...all: Record<string, string>[]) => all.flatMap((each) => Object.entries(each));

  it("let a child label win over its parent", () => {
    const parent = labelKeys(CONFIDENTIAL);
    const child = labelKeys(SECRET, { Parent: CONFIDENTIAL });
    expect(fromKeys(keys(parent, child), TENANT)).toMatchObject({ id: SECRET });
    expect(fromKeys(keys(child, parent), TENANT)).toMatchObject({ id: SECRET });
  });

  it("count only where enabled and not removed, and tell that from silence", () => {
    expect(fromKeys(keys(labelKeys(SECRET, { Enabled: "false" })), TENANT)).toEqual({ state: "none" });
    expect(fromKeys(keys(labelKeys(SECRET, { Removed: "True" })), TENANT)).toEqual({ state: "none" });
    expect(fromKeys(keys(labelKeys(SECRET)), OTHER_TENANT)).toEqual({ state: "silent" });
  });

  it("that do not tell their tenant are of any tenant, unless another label is of this one", () => {
    const of = (SiteId: string | undefined, more: Record<string, string> = {}) =>
      Object.fromEntries(
        Object.entries(labelKeys(SECRET, { ...more, ...(SiteId === undefined ? {} : { SiteId }) })).filter(
          ([key]) => SiteId !== undefined || !key.endsWith("SiteId"),
        ),
      );
    const ref = (tenant: string) => ({ Ref: `https://api.informationprotection.azure.com/api/${tenant}` });
    for (const site of [undefined, "", " "])
      expect(fromKeys(keys(of(site)), TENANT), String(site)).toEqual({ state: "untold" });
    expect(fromKeys(keys(of(undefined, ref(TENANT))), TENANT)).toMatchObject({ id: SECRET });
    expect(fromKeys(keys(of(undefined, ref(OTHER_TENANT))), TENANT)).toEqual({ state: "silent" });
    expect(fromKeys(keys(of(OTHER_TENANT, ref(TENANT))), TENANT)).toEqual({ state: "silent" });
    expect(fromKeys(keys(of(undefined, { Removed: "true" })), TENANT)).toEqual({ state: "silent" });
    expect(fromKeys(keys(of(undefined), labelKeys(CONFIDENTIAL)), TENANT)).toMatchObject({
      id: CONFIDENTIAL,
    });
    expect(fromKeys(keys(of(undefined), labelKeys(CONFIDENTIAL, { Removed: "true" })), TENANT)).toEqual({
      state: "untold",
    });
  });

  it("may be spelled as names of blob metadata, and carry versions and prefixes", () => {
    const spelled = [
      [`msip_label_${SECRET.replaceAll("-", "_")}_enabledv2`, "True"],
      [`msip_label_${SECRET.replaceAll("-", "_")}_siteid`, `{${TENANT.toUpperCase()}}`],
      [`msip_label_${SECRET.replaceAll("-", "_")}_extended_msft_method`, "Privileged"],
    ] as const;
    expect(fromKeys(spelled, TENANT)).toEqual({ state: "labeled", id: SECRET, method: "privileged" });
  });
});

describe("a damaged file", () => {
  const damage = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), {
    minLength: 1,
    maxLength: 8,
  });
  const damaged = (original: Buffer, changes: [number, number][]): Buffer => {
    const bytes = Buffer.from(original);
    for (const [at, value] of changes) bytes[at % bytes.length] = value;
    return bytes;
  };

  it("never loses its label: it keeps it, or the label is unknown", async () => {
    const original = officeFile({ labelInfo: labelInfo({ id: SECRET }), custom: customXml({}) });
    const label = { state: "labeled", id: SECRET, method: "privileged" };
    await fc.assert(
      fc.asyncProperty(damage, async (changes) => {
        const finding = await read(damaged(original, changes));
        if (finding.state !== "unknown") expect(finding).toEqual(label);
      }),
      { numRuns: 500 },
    );
  });

  it("gives a finding within the budget, whatever its sectors point to", async () => {
    const original = encryptedFile(labelInfo({ id: SECRET }));
    await fc.assert(
      fc.asyncProperty(damage, async (changes) => {
        const file = open(damaged(original, changes));
        const finding = await readLabel(file, "office", TENANT);
        expect(["labeled", "unknown", "unlabeled"]).toContain(finding.state);
        expect(file.used.requests).toBeLessThanOrEqual(LIMITS.requests);
        expect(file.used.bytes).toBeLessThanOrEqual(LIMITS.bytes);
      }),
      { numRuns: 300 },
    );
  });
});

describe("formats", () => {
  it("are unlabeled by structure only where the vendor's list has no place for a label", () => {
    expect(formatOf("a/b.c/Report.DOCX")).toBe("office");
    expect(formatOf("data.csv")).toBe("none");
    for (const name of ["scan.pdf", "photo.jpg", "report", "notes.ptxt", "a.docx/part"])
      expect(formatOf(name)).toBe("other");
  });
});
