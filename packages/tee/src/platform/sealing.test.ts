import { describe, expect, test } from "vitest";
import type { EnclaveIdentity } from "../image/verify-image.ts";
import { deriveSealingKey } from "./sealing.ts";

const FUSE = new Uint8Array(32).fill(1);
const IDENTITY: EnclaveIdentity = {
  mrEnclave: new Uint8Array(32).fill(2),
  mrSigner: new Uint8Array(32).fill(3),
  isvProdId: 258,
  isvSvn: 4,
  debug: false,
};

describe("a sealing key", () => {
  test("has 32 bytes and is the same again", () => {
    const key = deriveSealingKey(FUSE, IDENTITY, "product");
    expect(key).toHaveLength(32);
    expect(deriveSealingKey(FUSE, IDENTITY, "product")).toEqual(key);
  });

  test.each([
    ["another measurement", { mrEnclave: new Uint8Array(32) }, true, false],
    ["a later security version", { isvSvn: 5 }, true, true],
    ["another signer", { mrSigner: new Uint8Array(32) }, false, true],
    ["another product", { isvProdId: 513 }, false, true],
    ["a debug build", { debug: true }, false, false],
  ])("of %s is the same for product: %o", (_, change, sameProduct, sameUnique) => {
    const other = { ...IDENTITY, ...change };
    const same = (policy: "product" | "unique"): boolean =>
      deriveSealingKey(FUSE, other, policy).join() ===
      deriveSealingKey(FUSE, IDENTITY, policy).join();
    expect([same("product"), same("unique")]).toEqual([sameProduct, sameUnique]);
  });

  test("differs by policy and by machine", () => {
    const product = deriveSealingKey(FUSE, IDENTITY, "product");
    expect(deriveSealingKey(FUSE, IDENTITY, "unique")).not.toEqual(product);
    expect(deriveSealingKey(new Uint8Array(32), IDENTITY, "product")).not.toEqual(product);
  });
});
