import { createHash } from "node:crypto";
import { tdUniqueId } from "@carrara/attestation";
import { toHex } from "@carrara/encoding";
import { beforeAll, describe, expect, test } from "vitest";
import { PAPER_NODE, signedImageOf } from "../testing/signed-image.ts";
import { parseImage } from "./image.ts";
import { readPackageInfo } from "./package-info.ts";
import { generateSigningKey } from "./sign-image.ts";
import { SIGSTRUCT_OFFSET } from "./sigstruct.ts";
import { type MeasuredIdentity, verifyImage } from "./verify-image.ts";

let signed: Uint8Array;
let identity: MeasuredIdentity;

beforeAll(async () => {
  signed = await signedImageOf("1", { key: await generateSigningKey(), node: PAPER_NODE });
  ({ identity } = await verifyImage(signed, PAPER_NODE));
});

describe("package info", () => {
  test("of SGX is the default", async () => {
    const info = await readPackageInfo(signed, PAPER_NODE);
    expect(info).toEqual(await readPackageInfo(signed, PAPER_NODE, "sgx"));
    expect(info).toMatchObject({
      UniqueID: toHex(identity.mrEnclave),
      SignerID: toHex(identity.mrSigner),
    });
  });

  test("of a TD is its unique id alone, since nobody signs for a TD", async () => {
    expect(await readPackageInfo(signed, PAPER_NODE, "tdx")).toEqual({
      UniqueID: await tdUniqueId(identity.td),
      Debug: false,
    });
  });

  test("of an SNP guest is its measurement and the digest of its signer's modulus", async () => {
    const sigstruct = parseImage(signed).sigstruct ?? new Uint8Array();
    const modulus = sigstruct.subarray(SIGSTRUCT_OFFSET.modulus, SIGSTRUCT_OFFSET.exponent);
    expect(await readPackageInfo(signed, PAPER_NODE, "snp")).toEqual({
      UniqueID: toHex(identity.snpMeasurement),
      SignerID: createHash("sha384").update(modulus).digest("hex"),
      ProductID: 7,
      SecurityVersion: 3,
      Debug: false,
    });
  });
});
