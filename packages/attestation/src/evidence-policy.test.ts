import { toHex } from "@carrara/encoding";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { SgxPolicy } from "./dcap/sgx-policy.ts";
import type { TdxPolicy } from "./dcap/tdx-policy.ts";
import { AttestationError } from "./error.ts";
import { type EvidencePolicy, parseEvidencePolicy } from "./evidence-policy.ts";
import type { SnpPolicy } from "./snp/policy.ts";

const hexOf = (length: number, fill = 0xab): string => toHex(new Uint8Array(length).fill(fill));
const bytesOf = (length: number, fill = 0xab): Uint8Array => new Uint8Array(length).fill(fill);

/** What JSON has in the place of bytes and of words. */
function textOf(policy: EvidencePolicy): string {
  return JSON.stringify(policy, (_, value: unknown) => {
    if (value instanceof Uint8Array) return toHex(value);
    return typeof value === "bigint" ? value.toString(16).padStart(16, "0") : value;
  });
}

function messageOf(json: string): string {
  try {
    parseEvidencePolicy(json);
    return "accepted";
  } catch (error) {
    if (error instanceof AttestationError) return `${error.code}: ${error.message}`;
    throw error;
  }
}

const DCAP = {
  reportData: bytesOf(64),
  acceptedStatuses: ["UpToDate", "TDRelaunchAdvised"],
  allowedAdvisories: ["INTEL-SA-00001"],
  minTcbEvaluationDataNumber: 17,
  maxCollateralAgeSeconds: 86_400,
  graceSeconds: 0,
  acceptSimulation: false,
  allowDebug: true,
} as const;
const SGX: Required<SgxPolicy> = {
  ...DCAP,
  measurement: { mrSigner: bytesOf(32), isvProdId: 1, minIsvSvn: 0xffff },
  attributes: { value: bytesOf(16), mask: bytesOf(16, 0xff) },
};
const TDX: Required<TdxPolicy> = {
  ...DCAP,
  measurement: {
    mrTd: bytesOf(48, 1),
    rtMr0: bytesOf(48, 2),
    rtMr1: bytesOf(48, 3),
    rtMr2: bytesOf(48, 4),
    rtMr3: bytesOf(48, 5),
  },
  mrConfigId: bytesOf(48, 6),
  mrOwner: bytesOf(48, 7),
  mrOwnerConfig: bytesOf(48, 8),
  tdAttributes: bytesOf(8, 9),
  xfam: bytesOf(8, 10),
  mrServiceTd: bytesOf(48, 11),
  allowSeptVe: true,
  allowMigratable: true,
  allowUnknownAttributes: true,
};
const SNP: Required<SnpPolicy> = {
  measurement: bytesOf(48),
  reportData: "any",
  vmpl: 3,
  acceptSimulation: true,
  allowDebug: true,
  allowMigrationAgent: true,
  permitProvisionalFirmware: false,
  requireCrl: true,
  minTcb: { bootloader: 1, tee: 2, snp: 3, microcode: 255, fmc: 0 },
  minAbi: { major: 1, minor: 55 },
  guestPolicy: { required: ["ciphertextHiding"], forbidden: ["smt", "debug"] },
  platformInfo: { required: ["aliasCheckComplete"], forbidden: ["tio"] },
  idKeyDigests: [bytesOf(48, 1), bytesOf(48, 2)],
  authorKeyDigests: [],
  hostData: bytesOf(32),
  cspIds: ["CN=cloud.example"],
  minLaunchMitVector: 1n,
  minCurrentMitVector: 2n ** 64n - 1n,
};

const ANY_SGX = '{"measurement":"any","reportData":"any"}';

describe("a policy in JSON", () => {
  test("may have every member of the three policies", () => {
    const policy = { sgx: SGX, tdx: TDX, snp: SNP };
    expect(parseEvidencePolicy(textOf(policy))).toEqual(policy);
  });

  test("may name a TEE alone, any measurement, and bytes in upper case", () => {
    expect(parseEvidencePolicy("{}")).toEqual({});
    expect(parseEvidencePolicy(`{"sgx":${ANY_SGX}}`)).toEqual({
      sgx: { measurement: "any", reportData: "any" },
    });
    const json = `{"sgx":{"measurement":{"mrEnclave":"${hexOf(32).toUpperCase()}"},"reportData":"any"}}`;
    expect(parseEvidencePolicy(json).sgx?.measurement).toEqual({ mrEnclave: bytesOf(32) });
  });

  test("comes back as it was written, whatever is in it", () => {
    const exactly = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
    const sgx = fc.record(
      {
        measurement: fc.oneof(fc.constant("any"), fc.record({ mrEnclave: exactly(32) })),
        reportData: fc.oneof(fc.constant("any"), exactly(64)),
        graceSeconds: fc.nat(1_000_000),
        allowDebug: fc.boolean(),
        allowedAdvisories: fc.array(fc.string({ minLength: 1, maxLength: 20 }), { maxLength: 4 }),
      },
      { requiredKeys: ["measurement", "reportData"] },
    );
    const snp = fc.record(
      {
        measurement: exactly(48),
        reportData: exactly(64),
        vmpl: fc.nat(3),
        minLaunchMitVector: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
        minTcb: fc.record({ snp: fc.nat(255), fmc: fc.nat(255) }, { requiredKeys: [] }),
      },
      { requiredKeys: ["measurement", "reportData", "vmpl"] },
    );
    fc.assert(
      fc.property(fc.record({ sgx, snp }, { requiredKeys: [] }), (policy) => {
        const plain = { ...policy } as EvidencePolicy;
        expect(textOf(parseEvidencePolicy(textOf(plain)))).toBe(textOf(plain));
      }),
    );
  });

  test("of any other text is refused with the one code", () => {
    const words = [
      "sgx",
      "measurement",
      "any",
      "reportData",
      "{",
      "}",
      '"',
      ":",
      ",",
      "[",
      "1",
      "e",
    ];
    const soup = fc.array(fc.constantFrom(...words), { maxLength: 20 }).map((all) => all.join(""));
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json(), soup), (json) => {
        expect(messageOf(json)).toMatch(/^(?:accepted|EVIDENCE_POLICY_MALFORMED: policy: )/);
      }),
    );
  });

  test.each([
    ["is no JSON", "{", "text needed"],
    ["is no object", "[]", "the document is not an object"],
    ["is an object of JavaScript only", "{sgx:1}", "text needed"],
    ["has text after it", "{} x", "text after the value"],
    ["names a TEE that is not known", '{"sev":{}}', '"sev" is not known'],
    ["repeats a member", `{"sgx":${ANY_SGX},"sgx":${ANY_SGX}}`, "duplicate key"],
    ["has a member that objects inherit", '{"constructor":{}}', '"constructor" is not known'],
    ["sets the prototype", `{"__proto__":{"sgx":${ANY_SGX}}}`, '"__proto__" is not known'],
    ["leaves out the measurement", '{"sgx":{"reportData":"any"}}', "sgx.measurement is missing"],
    ["leaves out report data", '{"tdx":{"measurement":"any"}}', "tdx.reportData is missing"],
    ["leaves out the vmpl", `{"snp":${ANY_SGX}}`, "snp.vmpl is missing"],
    ["has null for what is left out", '{"sgx":null}', "sgx is not an object"],
  ])("that %s is refused", (_, json, message) => {
    expect(messageOf(json)).toContain(message);
    expect(messageOf(json)).toMatch(/^EVIDENCE_POLICY_MALFORMED: policy: /);
  });

  const member = (tee: string, path: string, value: unknown): string => {
    const base: Record<string, unknown> = { measurement: "any", reportData: "any" };
    if (tee === "snp") base["vmpl"] = 0;
    return JSON.stringify({ [tee]: { ...base, [path]: value } });
  };

  test.each([
    ["sgx", "misspelt", true, 'sgx."misspelt" is not known'],
    ["sgx", "mrTd", hexOf(48), 'sgx."mrTd" is not known'],
    ["sgx", "reportData", hexOf(63), "sgx.reportData is not 64 bytes of hex"],
    ["sgx", "reportData", `${hexOf(63)}0`, "sgx.reportData is not 64 bytes of hex"],
    ["sgx", "reportData", `0x${hexOf(63)}`, "sgx.reportData is not 64 bytes of hex"],
    ["sgx", "reportData", "ANY", "sgx.reportData is not 64 bytes of hex"],
    [
      "sgx",
      "measurement",
      { mrEnclave: hexOf(31) },
      "sgx.measurement.mrEnclave is not 32 bytes of hex",
    ],
    ["sgx", "measurement", { mrSigner: hexOf(32) }, "sgx.measurement.isvProdId is missing"],
    ["sgx", "measurement", {}, "sgx.measurement.mrEnclave is missing"],
    [
      "sgx",
      "measurement",
      { mrEnclave: hexOf(32), mrSigner: hexOf(32), isvProdId: 1, minIsvSvn: 1 },
      'sgx.measurement."mrEnclave" is not known',
    ],
    ["sgx", "attributes", { value: hexOf(16) }, "sgx.attributes.mask is missing"],
    [
      "sgx",
      "attributes",
      { value: hexOf(16), mask: hexOf(8) },
      "sgx.attributes.mask is not 16 bytes of hex",
    ],
    ["sgx", "acceptedStatuses", ["Uptodate"], "sgx.acceptedStatuses[0] is not one of UpToDate, "],
    ["sgx", "acceptedStatuses", ["UpToDate", "Revoked"], "sgx.acceptedStatuses[1] is not one of "],
    ["sgx", "acceptedStatuses", "UpToDate", "sgx.acceptedStatuses is not a list of at most 1024"],
    ["sgx", "allowedAdvisories", [""], "sgx.allowedAdvisories[0] is not text of 1 to 256"],
    ["sgx", "graceSeconds", -1, "sgx.graceSeconds is not an integer"],
    ["sgx", "graceSeconds", 1.5, "} needed at offset"],
    ["sgx", "allowDebug", 1, "sgx.allowDebug is not true or false"],
    ["sgx", "allowDebug", "true", "sgx.allowDebug is not true or false"],
    ["tdx", "measurement", { rtMr0: hexOf(48) }, "tdx.measurement.mrTd is missing"],
    ["tdx", "mrServiceTd", hexOf(32), "tdx.mrServiceTd is not 48 bytes of hex"],
    ["tdx", "xfam", hexOf(16), "tdx.xfam is not 8 bytes of hex"],
    ["snp", "vmpl", 4, "snp.vmpl is not an integer from 0 to 3"],
    ["snp", "minTcb", { ucode: 1 }, 'snp.minTcb."ucode" is not known'],
    ["snp", "minTcb", { snp: 256 }, "snp.minTcb.snp is not an integer from 0 to 255"],
    [
      "snp",
      "guestPolicy",
      { required: ["SMT"] },
      "snp.guestPolicy.required[0] is not one of smt, ",
    ],
    [
      "snp",
      "platformInfo",
      { forbidden: ["debug"] },
      "snp.platformInfo.forbidden[0] is not one of ",
    ],
    ["snp", "minLaunchMitVector", 1, "snp.minLaunchMitVector is not 16 digits of hex"],
    ["snp", "minCurrentMitVector", "01", "snp.minCurrentMitVector is not 16 digits of hex"],
    ["snp", "idKeyDigests", [hexOf(32)], "snp.idKeyDigests[0] is not 48 bytes of hex"],
    ["snp", "acceptedStatuses", [], 'snp."acceptedStatuses" is not known'],
  ])("with %s.%s as %j is refused by name", (tee, path, value, message) => {
    const refusal = messageOf(member(tee, path, value));
    expect(refusal).toMatch(/^EVIDENCE_POLICY_MALFORMED: policy: /);
    expect(refusal).toContain(message);
  });

  test("that is too long, or has too many of anything, is refused", () => {
    expect(messageOf(" ".repeat(256 * 1024 + 1))).toContain("262145 characters, 262144 allowed");
    const many = member("sgx", "allowedAdvisories", new Array(1025).fill("a"));
    expect(messageOf(many)).toContain("sgx.allowedAdvisories is not a list of at most 1024");
  });
});
