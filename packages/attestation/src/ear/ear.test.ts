import { utf8 } from "@carrara/encoding";
import { type EcKey, ecdsaFromDer, generateEcKey } from "@carrara/pki";
import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { fromBase64Url, toBase64Url } from "../base64url.ts";
import type { PolicyErrorCode } from "../error.ts";
import { codeOf } from "../testing/verify-code.ts";
import { type EarInput, toEar } from "./ear.ts";
import { signEar, verifyEar } from "./signed-ear.ts";
import {
  type EarEvidence,
  type EarSubject,
  statusOf,
  trustworthinessOf,
} from "./trustworthiness.ts";

const NOW = new Date("2026-06-01T12:00:00Z");
const GOOD_EVIDENCE: EarEvidence = {
  tee: "sgx",
  assurance: "hardware",
  status: "UpToDate",
  advisoryIds: [],
  debug: false,
};
const GOOD: EarSubject = {
  evidence: GOOD_EVIDENCE,
  violations: [],
  measurement: "listed",
  policyId: "test",
};

type Bend = Omit<Partial<EarSubject>, "evidence" | "violations"> & {
  readonly evidence?: Partial<EarEvidence>;
  readonly violations?: readonly PolicyErrorCode[];
};

function subject({ evidence, violations = [], ...rest }: Bend = {}): EarSubject {
  return {
    ...GOOD,
    ...rest,
    evidence: { ...GOOD_EVIDENCE, ...evidence },
    violations: violations.map((code) => ({ code, message: "unwanted" })),
  };
}

function input(more: Partial<EarInput> = {}): EarInput {
  return {
    developer: "Carrara",
    build: "carrara 1",
    subjects: new Map([["enclave", GOOD]]),
    issuedAt: NOW,
    ...more,
  };
}

/** Instance identity, configuration, executables, hardware, runtime; the others are always 0. */
test.each<[string, Bend, readonly number[], string]>([
  ["a listed enclave on a platform that is up to date", {}, [0, 2, 2, 2, 2], "affirming"],
  ["a listed vm", { evidence: { tee: "tdx" } }, [0, 2, 3, 2, 2], "affirming"],
  ["a listed instance", { instanceListed: true }, [2, 2, 2, 2, 2], "affirming"],
  [
    "a status that was accepted",
    { evidence: { status: "SWHardeningNeeded" } },
    [0, 2, 2, 32, 2],
    "warning",
  ],
  [
    "an old platform that was accepted",
    { evidence: { status: "OutOfDate" } },
    [0, 2, 2, 32, 2],
    "warning",
  ],
  ["an advisory", { evidence: { advisoryIds: ["INTEL-SA-1"] } }, [0, 2, 2, 32, 2], "warning"],
  ["a warning", { evidence: { warnings: ["PROVISIONAL_FIRMWARE"] } }, [0, 2, 2, 32, 2], "warning"],
  [
    "a status that was refused",
    { evidence: { status: "OutOfDate" }, violations: ["POLICY_TCB_STATUS"] },
    [0, 2, 2, 96, 2],
    "contraindicated",
  ],
  ["old firmware", { violations: ["POLICY_MIN_TCB"] }, [0, 2, 2, 96, 2], "contraindicated"],
  ["a measurement on no list", { measurement: "unlisted" }, [0, 2, 33, 2, 2], "warning"],
  ["another measurement", { violations: ["POLICY_MRENCLAVE"] }, [0, 2, 33, 2, 2], "warning"],
  ["a denied measurement", { measurement: "denied" }, [0, 2, 96, 2, 2], "contraindicated"],
  ["an allowed deviation", { deviations: ["SEPT_VE_DISABLE off"] }, [0, 32, 2, 2, 2], "warning"],
  ["debug, though allowed", { evidence: { debug: true } }, [0, 96, 2, 2, 96], "contraindicated"],
  ["another nonce", { violations: ["POLICY_NONCE"] }, [0, 96, 2, 2, 2], "contraindicated"],
  [
    "a simulation, though allowed",
    { evidence: { assurance: "simulation" } },
    [0, 2, 2, 97, 96],
    "contraindicated",
  ],
  [
    "a simulation that was refused",
    { evidence: { assurance: "simulation" }, violations: ["POLICY_SIMULATION"] },
    [0, 2, 2, 97, 96],
    "contraindicated",
  ],
  [
    "a platform of AMD, which has no status",
    { evidence: { tee: "snp", status: undefined } as unknown as EarEvidence },
    [0, 2, 3, 2, 2],
    "affirming",
  ],
])("%s", (_, bend, expected, status) => {
  const vector = trustworthinessOf(subject(bend));
  expect(vector).toEqual({
    "instance-identity": expected[0],
    configuration: expected[1],
    executables: expected[2],
    hardware: expected[3],
    "runtime-opaque": expected[4],
    "file-system": 0,
    "storage-opaque": 0,
    "sourced-data": 0,
  });
  expect(statusOf(vector)).toBe(status);
});

test("whatever a policy refused is contraindicated, though the vector only warns", () => {
  const refused = subject({ violations: ["POLICY_MRENCLAVE"] });
  expect(statusOf(trustworthinessOf(refused))).toBe("warning");
  const { submods } = toEar(input({ subjects: new Map([["enclave", refused]]) }));
  expect(submods["enclave"]?.["ear.status"]).toBe("contraindicated");
});

test("remarks are listed with the warnings and judge nothing", () => {
  const remarked = subject({ evidence: { remarks: ["TRAILING_BYTES"] } });
  const { submods } = toEar(input({ subjects: new Map([["enclave", remarked]]) }));
  expect(submods["enclave"]).toMatchObject({
    "ear.status": "affirming",
    "carrara.evidence": { warnings: ["TRAILING_BYTES"] },
  });
});

test("no violation is affirming, whichever it is", () => {
  const codes: readonly PolicyErrorCode[] = [
    "POLICY_ADVISORY",
    "POLICY_ISV_SVN",
    "POLICY_RTMR",
    "POLICY_PCR",
    "POLICY_VMPL",
    "POLICY_REPORT_DATA",
    "POLICY_HOST_DATA",
    "POLICY_TD_MIGRATABLE",
  ];
  for (const code of codes) {
    expect(statusOf(trustworthinessOf(subject({ violations: [code] })))).not.toBe("affirming");
  }
});

test.each([
  [-1, "none"],
  [0, "none"],
  [1, "none"],
  [2, "affirming"],
  [31, "affirming"],
  [-32, "affirming"],
  [32, "warning"],
  [95, "warning"],
  [-33, "warning"],
  [96, "contraindicated"],
  [99, "contraindicated"],
  [-97, "contraindicated"],
])("the value %i is %s", (value, status) => {
  const none = {
    "instance-identity": 0,
    configuration: 0,
    executables: 0,
    "file-system": 0,
    "runtime-opaque": 0,
    "storage-opaque": 0,
    "sourced-data": 0,
  };
  expect(statusOf({ ...none, hardware: value })).toBe(status);
});

describe("an EAR", () => {
  test("says who verified what, when, and for which nonce", () => {
    const nonce = utf8("a nonce of it");
    const expiresAt = new Date(NOW.getTime() + 60_500);
    const ear = toEar(input({ nonce, expiresAt }));
    expect(ear).toEqual({
      eat_profile: "tag:github.com,2023:veraison/ear",
      iat: 1_780_315_200,
      exp: 1_780_315_260,
      eat_nonce: toBase64Url(nonce),
      "ear.verifier-id": { developer: "Carrara", build: "carrara 1" },
      submods: {
        enclave: {
          "ear.status": "affirming",
          "ear.trustworthiness-vector": trustworthinessOf(GOOD),
          "ear.appraisal-policy-id": "test",
          dbgstat: "disabled-since-boot",
          "carrara.evidence": {
            assurance: "hardware",
            tee: "sgx",
            status: "UpToDate",
            advisoryIds: [],
            warnings: [],
            violations: [],
            deviations: [],
          },
        },
      },
    });
  });

  test("names a simulation in its build, once, when one subject is one", () => {
    const simulated = subject({ evidence: { assurance: "simulation", debug: true } });
    const subjects = new Map([
      ["real", GOOD],
      ["simulated", simulated],
    ]);
    const first = toEar(input({ subjects }));
    expect(first["ear.verifier-id"].build).toBe("carrara 1 simulation");
    expect(first.submods["simulated"]?.dbgstat).toBe("enabled");
    expect(Object.keys(first.submods["simulated"]?.["carrara.evidence"] ?? {})[0]).toBe(
      "assurance",
    );
    const build = "carrara simulation 1";
    expect(toEar(input({ subjects, build }))["ear.verifier-id"].build).toBe(build);
  });

  test.each<[string, Partial<EarInput>]>([
    ["no subject", { subjects: new Map() }],
    ["a short nonce", { nonce: new Uint8Array(7) }],
    ["a long nonce", { nonce: new Uint8Array(65) }],
  ])("cannot be made with %s", (_, more) => {
    expect(() => toEar(input(more))).toThrow(TypeError);
  });
});

describe("a signed EAR", () => {
  let key: EcKey;
  let other: EcKey;
  beforeAll(async () => {
    [key, other] = await Promise.all([generateEcKey("P-256"), generateEcKey("P-256")]);
  });

  /** A JWS of header and payload as they stand. */
  async function jwsOf(header: string, payload: string): Promise<string> {
    const signed = `${toBase64Url(utf8(header))}.${toBase64Url(utf8(payload))}`;
    const signature = ecdsaFromDer(await key.signer.sign(utf8(signed)), 32);
    return `${signed}.${toBase64Url(signature)}`;
  }

  const bend = (from: string, to: string): string =>
    JSON.stringify(toEar(input())).replace(from, to);
  const HEADER = '{"alg":"ES256","typ":"JWT"}';

  test("comes back as it was, and names its type", async () => {
    const claims = toEar(input({ nonce: utf8("a nonce of it") }));
    const jws = await signEar(claims, key);
    expect(await verifyEar(jws, key.spki, NOW)).toEqual(claims);
    const [header = ""] = jws.split(".");
    expect(new TextDecoder().decode(fromBase64Url(header))).toBe('{"alg":"ES256","typ":"eat+jwt"}');
  });

  test("of another verifier is accepted with the type it has", async () => {
    const jws = await jwsOf(HEADER, JSON.stringify(toEar(input())));
    expect(await codeOf(verifyEar(jws, key.spki, NOW))).toBe("accepted");
  });

  test("cannot be made with a key on P-384", async () => {
    const wrong = await generateEcKey("P-384");
    await expect(signEar(toEar(input()), wrong)).rejects.toThrow(TypeError);
  });

  test("is refused when any of its characters is another", async () => {
    const jws = await signEar(toEar(input()), key);
    const change = fc.tuple(fc.nat(jws.length - 1), fc.constantFrom(..."AZaz09-_."));
    await fc.assert(
      fc.asyncProperty(change, async ([at, character]) => {
        fc.pre(jws[at] !== character);
        const damaged = jws.slice(0, at) + character + jws.slice(at + 1);
        expect(await codeOf(verifyEar(damaged, key.spki, NOW))).toMatch(/^EAR_/);
      }),
      { numRuns: 60 },
    );
  });

  test.each([
    ["by another key", () => other.spki],
    ["by a key that is none", () => new Uint8Array(3)],
  ])("is refused %s", async (_, spki) => {
    const jws = await signEar(toEar(input()), key);
    expect(await codeOf(verifyEar(jws, spki(), NOW))).toBe("EAR_SIGNATURE_INVALID");
  });

  test.each([
    ["before it was issued", -1000],
    ["when it has expired", 60_000],
  ])("is refused %s", async (_, afterMs) => {
    const expiresAt = new Date(NOW.getTime() + 60_000);
    const jws = await signEar(toEar(input({ expiresAt })), key);
    const now = new Date(NOW.getTime() + afterMs);
    expect(await codeOf(verifyEar(jws, key.spki, now))).toBe("EAR_MALFORMED");
    expect(await codeOf(verifyEar(jws, key.spki, NOW))).toBe("accepted");
  });

  test.each<[string, string, () => string]>([
    ["another algorithm", '{"alg":"none"}', () => bend("", "")],
    ["something critical", '{"alg":"ES256","crit":["b64"]}', () => bend("", "")],
    ["a header that is no object", "[]", () => bend("", "")],
    ["a payload that is no json", HEADER, () => "{"],
    ["a key twice", HEADER, () => bend('{"eat_profile"', '{"iat":1,"eat_profile"')],
    ["another profile", HEADER, () => bend("veraison", "other")],
    ["no time of issue", HEADER, () => bend('"iat"', '"iat2"')],
    ["an expiry that is a text", HEADER, () => bend('"iat"', '"exp":"1","iat"')],
    ["a nonce that is no text", HEADER, () => bend('"iat"', '"eat_nonce":1,"iat"')],
    ["no verifier", HEADER, () => bend("ear.verifier-id", "x")],
    ["no build", HEADER, () => bend('"build"', '"x"')],
    ["no submodules", HEADER, () => bend('"enclave":', '"enclave":1,"x":')],
    ["a status that is not known", HEADER, () => bend("affirming", "excellent")],
    ["a vector that is none", HEADER, () => bend('"hardware":2', '"hardware":"2"')],
    ["a value beyond a byte", HEADER, () => bend('"hardware":2', '"hardware":128')],
    ["a status better than its vector", HEADER, () => bend('"hardware":2', '"hardware":97')],
  ])("is refused with %s", async (_, header, payload) => {
    const jws = await jwsOf(header, payload());
    expect(await codeOf(verifyEar(jws, key.spki, NOW))).toBe("EAR_MALFORMED");
  });

  test("is refused without submodules", async () => {
    const jws = await jwsOf(HEADER, JSON.stringify({ ...toEar(input()), submods: {} }));
    expect(await codeOf(verifyEar(jws, key.spki, NOW))).toBe("EAR_MALFORMED");
  });

  test.each(["", "a.b", "a.b.c.d", "_w.e30.AA", `${"a".repeat(1024 * 1024)}.b.c`])(
    "is refused when it is no JWS (%#)",
    async (jws) => {
      expect(await codeOf(verifyEar(jws, key.spki, NOW))).toBe("EAR_MALFORMED");
    },
  );
});
