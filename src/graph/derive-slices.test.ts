/** Who works on which slice: nobody ends while work may come back, and nobody waits for what will not come. */
import { expect, test } from "vitest";
import { StoreError } from "../model.ts";
import { halves, type Slice, Slices } from "./derive-slices.ts";

const slice = (from: string, to: string, ...agents: string[]): Slice => ({ from, to, agents });
const WHOLE = slice("", "~", "a", "b", "c");

test("who finds no slice waits as long as another may bring one back in halves", async () => {
  const slices = new Slices([WHOLE]);
  const first = (await slices.take())!;
  const waiting = slices.take();
  slices.done(halves(first, new Error("full")));
  expect(await waiting).toEqual(slice("", "b", "a"));
  expect(await slices.take()).toEqual(slice("b", "~", "b", "c"));
  const last = [slices.take(), slices.take()];
  slices.done();
  slices.done();
  expect(await Promise.all(last)).toEqual([undefined, undefined]);
});

test("once somebody stops all, nobody waits or gets more, whatever is left", async () => {
  const slices = new Slices([WHOLE, WHOLE]);
  await slices.take();
  await slices.take();
  const waiting = slices.take();
  slices.close();
  expect(await waiting).toBeUndefined();
  slices.done([WHOLE]);
  expect(await slices.take()).toBeUndefined();
});

test("one agent cannot be halved", () => {
  expect(() => halves(slice("a", "a~", "a"), new Error("full"))).toThrow(StoreError);
});
