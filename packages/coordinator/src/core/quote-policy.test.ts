import { createHash } from "node:crypto";
import { utf8 } from "@carrara/encoding";
import { type Package, parseManifest } from "@carrara/manifest";
import { describe, expect, test } from "vitest";
import { CoordinatorError } from "../error.ts";
import { type QuoteClaims, requireAcceptedQuote } from "./quote-policy.ts";

const certificate = utf8("certificate");
const reportData = new Uint8Array(64);
reportData.set(createHash("sha256").update(certificate).digest());

const identity: QuoteClaims["identity"] = {
  debug: false,
  uniqueId: "ab".repeat(32),
  signer: { signerId: "cd".repeat(32), productId: 3, securityVersion: 4 },
  reportData,
};
const good: QuoteClaims = { status: "UpToDate", advisoryIds: [], identity, exposure: [] };
const exposure = [{ code: "POLICY_TD_MIGRATABLE", message: "the td can be migrated" }] as const;

function outcome(fields: object, claims: Partial<QuoteClaims>, over = certificate): string {
  const json = JSON.stringify({ Packages: { p: fields } });
  const pkg: Package | undefined = parseManifest(utf8(json)).packages.get("p");
  if (pkg === undefined) throw new TypeError("no package");
  try {
    requireAcceptedQuote({ ...good, ...claims }, pkg, over);
    return "accepted";
  } catch (error) {
    if (error instanceof CoordinatorError) return error.code;
    throw error;
  }
}

describe("the quote policy of section 3.4", () => {
  const hardening = { status: "SWHardeningNeeded", advisoryIds: ["INTEL-SA-00334"] } as const;
  test.each<[string, object, Partial<QuoteClaims>, string]>([
    ["an up-to-date platform", {}, {}, "accepted"],
    ["SWHardeningNeeded by default", {}, hardening, "accepted"],
    ["OutOfDate by default", {}, { status: "OutOfDate" }, "QUOTE_TCB_STATUS"],
    [
      "a listed status",
      { AcceptedTCBStatuses: ["OutOfDate"] },
      { status: "OutOfDate" },
      "accepted",
    ],
    ["an unlisted status", { AcceptedTCBStatuses: ["OutOfDate"] }, hardening, "QUOTE_TCB_STATUS"],
    [
      "another case",
      { AcceptedTCBStatuses: ["outofdate"] },
      { status: "OutOfDate" },
      "QUOTE_TCB_STATUS",
    ],
    [
      "a listed advisory in any case",
      { AcceptedAdvisories: ["intel-sa-00334"] },
      hardening,
      "accepted",
    ],
    ["an unlisted advisory", { AcceptedAdvisories: ["INTEL-SA-1"] }, hardening, "QUOTE_ADVISORY"],
    ["debug where forbidden", {}, { identity: { ...identity, debug: true } }, "PACKAGE_DEBUG"],
    ["no debug where demanded", { Debug: true }, {}, "PACKAGE_DEBUG"],
    ["the right measurement", { UniqueID: identity.uniqueId.toUpperCase() }, {}, "accepted"],
    ["another measurement", { UniqueID: "00" }, {}, "PACKAGE_UNIQUE_ID"],
    ["another signer", { SignerID: "00" }, {}, "PACKAGE_SIGNER_ID"],
    ["another product", { ProductID: 4 }, {}, "PACKAGE_PRODUCT_ID"],
    ["a higher security version", { SecurityVersion: 3 }, {}, "accepted"],
    ["a guest that its host can reach into", {}, { exposure }, "QUOTE_EXPOSED"],
    ["a platform without TCB status, which is AMD's", {}, { status: undefined }, "accepted"],
    ["a lower security version", { SecurityVersion: 5 }, {}, "PACKAGE_SECURITY_VERSION"],
  ])("decides %s", (_, fields, claims, expected) => {
    expect(outcome(fields, claims)).toBe(expected);
  });

  test("refuses a quote over another certificate", () => {
    expect(outcome({}, {}, utf8("other"))).toBe("QUOTE_REPORT_DATA");
  });
});
