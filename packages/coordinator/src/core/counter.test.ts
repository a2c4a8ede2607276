import { expect, test } from "vitest";
import { counterIdentity } from "./counter.ts";

test("the identity of a counter is the vector of section 2.9", () => {
  const owner = { marbleType: "type", uuid: "02030400-0000-0000-0000-000000000000" };
  expect(counterIdentity(owner, "foo")).toBe("dHlwZQ==:AgMEAAAAAAAAAAAAAAAAAA==:Zm9v");
});
