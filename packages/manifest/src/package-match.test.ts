import { utf8 } from "@carrara/encoding";
import { describe, expect, test } from "vitest";
import { parseManifest } from "./manifest.ts";
import { type EnclaveIdentity, matchPackage } from "./package-match.ts";

const ENCLAVE: EnclaveIdentity = {
  debug: false,
  uniqueId: "ab".repeat(32),
  signer: { id: "cd".repeat(32), productId: 0xffff_ffff_ffff_ffffn, securityVersion: 3 },
};

function match(pkg: string, had: Partial<EnclaveIdentity> = {}) {
  const parsed = parseManifest(utf8(`{"Packages":{"p":${pkg}}}`)).packages.get("p");
  if (parsed === undefined) throw new TypeError("package not parsed");
  return matchPackage(parsed, { ...ENCLAVE, ...had })?.code;
}

describe("an enclave and its package", () => {
  test.each<[string, string, Partial<EnclaveIdentity>, string | undefined]>([
    ["nothing set", "{}", {}, undefined],
    ["debug on both", '{"Debug":true}', { debug: true }, undefined],
    ["debug enclave", "{}", { debug: true }, "PACKAGE_DEBUG"],
    ["debug package", '{"Debug":true}', {}, "PACKAGE_DEBUG"],
    ["unique id in another case", `{"UniqueID":"${"AB".repeat(32)}"}`, {}, undefined],
    ["another unique id", `{"UniqueID":"${"00".repeat(32)}"}`, {}, "PACKAGE_UNIQUE_ID"],
    ["a prefix of the unique id", '{"UniqueID":"ab"}', {}, "PACKAGE_UNIQUE_ID"],
    ["signer id in another case", `{"SignerID":"${"cD".repeat(32)}"}`, {}, undefined],
    ["another signer id", `{"SignerID":"${"00".repeat(32)}"}`, {}, "PACKAGE_SIGNER_ID"],
    ["64-bit product id", '{"ProductID":18446744073709551615}', {}, undefined],
    ["a product id one less", '{"ProductID":18446744073709551614}', {}, "PACKAGE_PRODUCT_ID"],
    ["product id zero is set", '{"ProductID":0}', {}, "PACKAGE_PRODUCT_ID"],
    ["the same version", '{"SecurityVersion":3}', {}, undefined],
    ["an older minimum", '{"SecurityVersion":2}', {}, undefined],
    ["a newer minimum", '{"SecurityVersion":4}', {}, "PACKAGE_SECURITY_VERSION"],
    [
      "a version that is no number",
      '{"SecurityVersion":0}',
      { signer: { id: "", productId: 0n, securityVersion: Number.NaN } },
      "PACKAGE_SECURITY_VERSION",
    ],
    [
      "a signer that is not proven",
      '{"SignerID":"cd"}',
      { signer: undefined },
      "PACKAGE_SIGNER_ID",
    ],
    [
      "a product that is not proven",
      '{"ProductID":0}',
      { signer: undefined },
      "PACKAGE_PRODUCT_ID",
    ],
    [
      "a version that is not proven",
      '{"SecurityVersion":0}',
      { signer: undefined },
      "PACKAGE_SECURITY_VERSION",
    ],
    [
      "a unique id alone, without signer",
      `{"UniqueID":"${"ab".repeat(32)}"}`,
      { signer: undefined },
      undefined,
    ],
  ])("%s", (_name, pkg, had, code) => {
    expect(match(pkg, had)).toBe(code);
  });
});
