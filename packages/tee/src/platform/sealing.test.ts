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

const GUEST = {
  td: {
    mrTd: new Uint8Array(48).fill(5),
    rtMr0: new Uint8Array(48).fill(6),
    rtMr1: new Uint8Array(48).fill(7),
    rtMr2: new Uint8Array(48).fill(8),
  },
  snpMeasurement: new Uint8Array(48).fill(9),
  idKeyDigest: new Uint8Array(48).fill(10),
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

  test("differs between kinds of platforms, and is the same again on each", () => {
    const identity: EnclaveIdentity = { ...IDENTITY, ...GUEST };
    const keys = (["product", "unique"] as const).flatMap((policy) =>
      (["sgx", "tdx", "snp"] as const).map((tee) => {
        const key = deriveSealingKey(FUSE, identity, policy, tee);
        expect(deriveSealingKey(FUSE, identity, policy, tee)).toEqual(key);
        return key.join();
      }),
    );
    expect(new Set(keys).size).toBe(6);
  });

  test.each([
    ["tdx", { td: { ...GUEST.td, rtMr2: new Uint8Array(48) } }, true, false],
    ["tdx", { snpMeasurement: new Uint8Array(48) }, true, true],
    ["snp", { snpMeasurement: new Uint8Array(48) }, true, false],
    ["snp", { idKeyDigest: new Uint8Array(48) }, false, true],
    ["snp", { td: { ...GUEST.td, rtMr2: new Uint8Array(48) } }, true, true],
    ["snp", { isvProdId: 513 }, false, true],
  ] as const)("of %s goes by its own measurement", (tee, change, sameProduct, sameUnique) => {
    const identity: EnclaveIdentity = { ...IDENTITY, ...GUEST };
    const same = (policy: "product" | "unique"): boolean =>
      deriveSealingKey(FUSE, { ...identity, ...change }, policy, tee).join() ===
      deriveSealingKey(FUSE, identity, policy, tee).join();
    expect([same("product"), same("unique")]).toEqual([sameProduct, sameUnique]);
  });

  test.each(["tdx", "snp"] as const)("of %s needs its measurement", (tee) => {
    expect(() => deriveSealingKey(FUSE, IDENTITY, "unique", tee)).toThrow(TypeError);
  });

  test("differs by policy and by machine", () => {
    const product = deriveSealingKey(FUSE, IDENTITY, "product");
    expect(deriveSealingKey(FUSE, IDENTITY, "unique")).not.toEqual(product);
    expect(deriveSealingKey(new Uint8Array(32), IDENTITY, "product")).not.toEqual(product);
  });
});
