import { expect, test } from "vitest";
import { dateAhead } from "./arguments.ts";

test("a gap is accepted until a day that is not over yet", () => {
  const day = (ahead: number) => new Date(Date.now() + ahead * 86_400_000).toISOString().slice(0, 10);
  expect(dateAhead(day(0))).toBe(day(0));
  expect(dateAhead("2099-12-31")).toBe("2099-12-31");
  expect(() => dateAhead(day(-1))).toThrowError("That day is over: nothing would be accepted.");
  expect(() => dateAhead("2020-01-01")).toThrowError("That day is over");
  expect(() => dateAhead("2099-02-30")).toThrowError("Not a date like");
});
