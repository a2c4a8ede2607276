import { encodePem, fromHex } from "@carrara/encoding";
import { commonName, extension, OID } from "@carrara/pki";
import { describe, expect, test } from "vitest";
import { TEST_CPU_SVN } from "../testing/test-endorsements.ts";
import {
  createTestPlatform,
  type TestPlatformOptions,
  type TestQuoteOptions,
} from "../testing/test-platform.ts";
import { codeOf, inputOf, REPORT_DATA } from "../testing/verify-code.ts";
import { parseQuote } from "./quote.ts";
import { requireSgx, type VerifiedSgxQuote } from "./verified-quote.ts";
import { createDcapVerifier, type DcapVerification } from "./verifier.ts";

async function verify(input: DcapVerification): Promise<VerifiedSgxQuote> {
  return requireSgx(await createDcapVerifier().verify(input));
}

describe("a platform with one thing wrong is refused with", () => {
  const basicConstraints = (ca: boolean, pathLength?: number) =>
    extension.basicConstraints(ca, pathLength);
  const replaced = (
    extensions: readonly ReturnType<typeof basicConstraints>[],
    wanted: ReturnType<typeof basicConstraints>,
  ) => extensions.map((one) => (one.oid === wanted.oid ? wanted : one));
  const cases: readonly (readonly [code: string, what: string, options: TestPlatformOptions])[] = [
    ...(["root", "ca", "leaf", "signer"] as const).flatMap(
      (role): [string, string, TestPlatformOptions][] => [
        [
          "CERT_EXPIRED",
          `${role} past its time`,
          {
            certificate: (at, good) =>
              at === role ? { ...good, notAfter: new Date("2026-05-30T00:00:00Z") } : good,
          },
        ],
        [
          "CERT_NOT_YET_VALID",
          `${role} before its time`,
          {
            certificate: (at, good) =>
              at === role ? { ...good, notBefore: new Date("2026-06-02T00:00:00Z") } : good,
          },
        ],
        [
          "CERT_CHAIN_INVALID",
          `${role} signed by another key`,
          { signerOf: (what, keys) => (what === role ? keys.attestation : undefined) },
        ],
        [
          "CERT_WRONG_ROLE",
          `${role} with a name of no role`,
          {
            certificate: (at, good) => ({
              ...good,
              subject: at === role ? commonName("SIMULATION Something") : good.subject,
              issuer:
                good.issuer[0]?.value.includes(role === "root" ? "Root" : "\0") === true
                  ? commonName("SIMULATION Something")
                  : good.issuer,
            }),
            crl: (issuer, good) =>
              issuer === role ? { ...good, issuer: commonName("SIMULATION Something") } : good,
          },
        ],
        [
          "CERT_CONSTRAINT",
          `${role} with a critical extension that nobody understands`,
          {
            certificate: (at, good) =>
              at === role
                ? {
                    ...good,
                    extensions: [
                      ...good.extensions,
                      { oid: "1.2.3.4", critical: true, value: new Uint8Array([5, 0]) },
                    ],
                  }
                : good,
          },
        ],
      ],
    ),
    ...(["leaf", "signer"] as const).map((role): [string, string, TestPlatformOptions] => [
      "CERT_CONSTRAINT",
      `${role} that is a CA`,
      {
        certificate: (at, good) =>
          at === role
            ? { ...good, extensions: replaced(good.extensions, basicConstraints(true, 0)) }
            : good,
      },
    ]),
    [
      "CERT_CONSTRAINT",
      "CA that is no CA",
      {
        certificate: (at, good) =>
          at === "ca"
            ? { ...good, extensions: replaced(good.extensions, basicConstraints(false)) }
            : good,
      },
    ],
    [
      "CERT_CONSTRAINT",
      "root whose path length allows no CA below",
      {
        certificate: (at, good) =>
          at === "root"
            ? { ...good, extensions: replaced(good.extensions, basicConstraints(true, 0)) }
            : good,
      },
    ],
    [
      "CERT_CONSTRAINT",
      "CA whose key may not sign certificates",
      {
        certificate: (at, good) =>
          at === "ca"
            ? { ...good, extensions: replaced(good.extensions, extension.keyUsage("cRLSign")) }
            : good,
      },
    ],
    [
      "CRL_SIGNATURE_INVALID",
      "CA whose key may not sign revocation lists",
      {
        certificate: (at, good) =>
          at === "ca"
            ? { ...good, extensions: replaced(good.extensions, extension.keyUsage("keyCertSign")) }
            : good,
      },
    ],
    [
      "CERT_CHAIN_INVALID",
      "CA of another root's name",
      {
        certificate: (at, good) =>
          at === "ca" ? { ...good, issuer: commonName("Other SGX Root CA") } : good,
      },
    ],
    [
      "CERT_WRONG_ROLE",
      "CA of another vendor than its root",
      {
        certificate: (at, good) => ({
          ...good,
          ...(at === "ca" ? { subject: commonName("Intel SGX PCK Platform CA") } : {}),
          ...(at === "leaf" ? { issuer: commonName("Intel SGX PCK Platform CA") } : {}),
        }),
      },
    ],
    [
      "CERT_WRONG_ROLE",
      "leaf without the SGX extension",
      {
        certificate: (at, good) => ({
          ...good,
          extensions: good.extensions.filter(
            ({ oid }) => at !== "leaf" || !oid.startsWith("1.2.840.113741"),
          ),
        }),
      },
    ],
    ...(["root", "ca"] as const).flatMap((issuer): [string, string, TestPlatformOptions][] => [
      [
        "CRL_EXPIRED",
        `stale CRL of the ${issuer}`,
        {
          crl: (at, good) =>
            at === issuer ? { ...good, nextUpdate: new Date("2026-06-01T11:59:59Z") } : good,
        },
      ],
      [
        "CRL_NOT_YET_VALID",
        `CRL of the ${issuer} from the future`,
        {
          crl: (at, good) =>
            at === issuer ? { ...good, thisUpdate: new Date("2026-06-01T12:00:01Z") } : good,
        },
      ],
      [
        "CRL_SIGNATURE_INVALID",
        `CRL of the ${issuer} signed by another key`,
        { signerOf: (what, keys) => (what === `${issuer}Crl` ? keys.signer : undefined) },
      ],
      [
        "CRL_ISSUER_MISMATCH",
        `CRL of the ${issuer} in another name`,
        {
          crl: (at, good) => (at === issuer ? { ...good, issuer: commonName("Another") } : good),
        },
      ],
      ...[OID.crlNumber, OID.authorityKeyIdentifier].map(
        (oid): [string, string, TestPlatformOptions] => [
          "CRL_MALFORMED",
          `CRL of the ${issuer} without extension ${oid}`,
          {
            crl: (at, good) =>
              at === issuer
                ? { ...good, extensions: good.extensions.filter((one) => one.oid !== oid) }
                : good,
          },
        ],
      ),
      [
        "CRL_MALFORMED",
        `delta CRL of the ${issuer}`,
        {
          crl: (at, good) => {
            const delta = { oid: "2.5.29.27", critical: true, value: new Uint8Array([2, 1, 1]) };
            return at === issuer ? { ...good, extensions: [...good.extensions, delta] } : good;
          },
        },
      ],
    ]),
    ...(["ca", "signer"] as const).map((role): [string, string, TestPlatformOptions] => [
      "CERT_REVOKED",
      `${role} that the root revoked`,
      {
        crl: (at, good, serials) =>
          at === "root"
            ? { ...good, revoked: [{ serial: serials[role], date: good.thisUpdate }] }
            : good,
      },
    ]),
    [
      "CERT_REVOKED",
      "PCK leaf that its CA revoked",
      {
        crl: (at, good, serials) =>
          at === "ca"
            ? { ...good, revoked: [{ serial: serials.leaf, date: good.thisUpdate }] }
            : good,
      },
    ],
    [
      "TCB_INFO_SIGNATURE_INVALID",
      "TCB info signed by the PCK key",
      { signerOf: (what, keys) => (what === "tcbInfo" ? keys.leaf : undefined) },
    ],
    [
      "QE_IDENTITY_SIGNATURE_INVALID",
      "QE identity signed by the PCK key",
      { signerOf: (what, keys) => (what === "enclaveIdentity" ? keys.leaf : undefined) },
    ],
    [
      "TCB_INFO_EXPIRED",
      "stale TCB info",
      { tcbInfo: (good) => ({ ...good, nextUpdate: new Date("2026-06-01T11:59:59Z") }) },
    ],
    [
      "TCB_INFO_NOT_YET_VALID",
      "TCB info from the future",
      { tcbInfo: (good) => ({ ...good, issueDate: new Date("2026-06-01T12:00:01Z") }) },
    ],
    [
      "QE_IDENTITY_EXPIRED",
      "stale QE identity",
      { qeIdentity: (good) => ({ ...good, nextUpdate: new Date("2026-06-01T11:59:59Z") }) },
    ],
    [
      "QE_IDENTITY_NOT_YET_VALID",
      "QE identity from the future",
      { qeIdentity: (good) => ({ ...good, issueDate: new Date("2026-06-01T12:00:01Z") }) },
    ],
    ["TCB_INFO_MISMATCH", "TCB info of another FMSPC", { pck: { fmspc: fromHex("53494d000001") } }],
    ["TCB_INFO_MISMATCH", "TCB info of another PCE", { pck: { pceId: fromHex("0001") } }],
    [
      "TCB_INFO_MISMATCH",
      "TCB info of another technology",
      {
        json: (member, good) =>
          member === "tcbInfo"
            ? good.replace('"id":"SGX"', '"id":"TDX","tdxModule":{"mrsigner":"00"}')
            : good,
      },
    ],
    ...["QVE", "TD_QE"].map((id): [string, string, TestPlatformOptions] => [
      "QE_IDENTITY_MISMATCH",
      `identity of the ${id}`,
      { json: (_, good) => good.replace('"id":"QE"', `"id":"${id}"`) },
    ]),
    [
      "QE_IDENTITY_MISMATCH",
      "QE of another signer",
      { qeIdentity: (good) => ({ ...good, mrSigner: "52".repeat(32) }) },
    ],
    [
      "QE_IDENTITY_MISMATCH",
      "QE of another product",
      { qeIdentity: (good) => ({ ...good, isvProdId: 2 }) },
    ],
    [
      "QE_IDENTITY_MISMATCH",
      "QE with other attributes",
      { qeIdentity: (good) => ({ ...good, attributes: "01000000000000000000000000000000" }) },
    ],
    [
      "QE_TCB_NOT_SUPPORTED",
      "QE below every level",
      {
        qeIdentity: (good) => ({
          ...good,
          levels: [{ isvSvn: 9, date: new Date(0), status: "UpToDate" }],
        }),
      },
    ],
    ["TCB_LEVEL_NOT_SUPPORTED", "platform whose PCE is below every level", { pck: { pceSvn: 4 } }],
    [
      "TCB_LEVEL_NOT_SUPPORTED",
      "platform with one component below every level",
      {
        tcbInfo: (good) => ({
          ...good,
          levels: good.levels.map((level) => ({
            ...level,
            components: [...TEST_CPU_SVN.subarray(0, 15), 1],
            pceSvn: level.pceSvn,
          })),
        }),
      },
    ],
    [
      "TCB_REVOKED",
      "platform level that was revoked",
      {
        tcbInfo: (good) => ({
          ...good,
          levels: good.levels.map((level) => ({ ...level, status: "Revoked" })),
        }),
      },
    ],
    [
      "TCB_REVOKED",
      "QE level that was revoked",
      {
        qeIdentity: (good) => ({
          ...good,
          levels: good.levels.map((level) => ({ ...level, status: "Revoked" })),
        }),
      },
    ],
    [
      "TCB_STATUS_UNRECOGNIZED",
      "status that nobody knows",
      {
        tcbInfo: (good) => ({
          ...good,
          levels: good.levels.map((level) => ({ ...level, status: "Splendid" })),
        }),
      },
    ],
    [
      "TCB_INFO_UNSUPPORTED_VERSION",
      "TCB info of version 2",
      {
        json: (member, good) =>
          member === "tcbInfo" ? good.replace('"version":3', '"version":2') : good,
      },
    ],
    [
      "QE_IDENTITY_UNSUPPORTED_VERSION",
      "QE identity of version 1",
      {
        json: (member, good) =>
          member === "tcbInfo" ? good : good.replace('"version":2', '"version":1'),
      },
    ],
    [
      "QE_REPORT_SIGNATURE_INVALID",
      "QE report signed by another key than the PCK's",
      { signerOf: (what, keys) => (what === "qeReport" ? keys.attestation : undefined) },
    ],
    [
      "QUOTE_SIGNATURE_INVALID",
      "quote signed by another key than the attestation key",
      { signerOf: (what, keys) => (what === "quote" ? keys.leaf : undefined) },
    ],
  ];

  test.each(cases)("%s: %s", async (code, _, options) => {
    const input = await inputOf(await createTestPlatform(options));
    expect(await codeOf(verify(input))).toBe(code);
  });

  test.each<[string, TestQuoteOptions]>([
    ["QE_IDENTITY_MISMATCH", { qeReport: { attributes: fromHex(`13${"00".repeat(15)}`) } }],
    ["QE_IDENTITY_MISMATCH", { qeReport: { miscSelect: fromHex("01000000") } }],
    ["QE_REPORT_DATA_MISMATCH", { qeReport: { reportData: new Uint8Array(64) } }],
    ["QE_TCB_NOT_SUPPORTED", { qeReport: { isvSvn: 4 } }],
    ["CERT_MALFORMED", { pckChainPem: "text\n" }],
    ["CERT_CHAIN_INVALID", { pckChainPem: "" }],
  ])("%s for quote parts %j", async (code, options) => {
    const input = await inputOf(await createTestPlatform(), options);
    expect(await codeOf(verify(input))).toBe(code);
  });

  test("QE_REPORT_DATA_MISMATCH when the second half of the QE's report data is not zero", async () => {
    const platform = await createTestPlatform();
    const { reportData } = parseQuote(await platform.quote(REPORT_DATA)).qeReport;
    const dirty = reportData.slice();
    dirty[63] = 1;
    const input = await inputOf(platform, { qeReport: { reportData: dirty } });
    expect(await codeOf(verify(input))).toBe("QE_REPORT_DATA_MISMATCH");
  });

  test("CERT_MALFORMED for text between the certificates of a chain", async () => {
    const platform = await createTestPlatform();
    const pckChainPem = platform.pckChainPem.replace("-----BEGIN", "hello\n-----BEGIN");
    expect(await codeOf(verify(await inputOf(platform, { pckChainPem })))).toBe("CERT_MALFORMED");
    const ended = `${platform.pckChainPem}\0`;
    expect(await codeOf(verify(await inputOf(platform, { pckChainPem: ended })))).toBe("accepted");
  });

  test("CERT_CHAIN_INVALID for a TCB signer that a PCK key issued", async () => {
    // The attack of section 2.2: one PCK key, taken from one machine, forges every TCB status.
    const platform = await createTestPlatform();
    const forged = await createTestPlatform({
      certificate: (role, good) =>
        role === "signer"
          ? { ...good, issuer: commonName("SIMULATION SGX PCK Certificate") }
          : good,
      signerOf: (what) => (what === "signer" ? platform.keys.leaf : undefined),
    });
    const [signer = "", leaf = ""] = [
      forged.collateral.tcbInfoIssuerChain,
      platform.pckChainPem,
    ].map((chain) => chain.slice(0, chain.indexOf("-----END CERTIFICATE-----") + 26));
    const root = encodePem("CERTIFICATE", platform.anchor.certificate);
    const input = await inputOf(platform);
    for (const [code, tcbInfoIssuerChain] of [
      ["CERT_CHAIN_INVALID", signer + root],
      ["CERT_UNTRUSTED_ROOT", signer + leaf],
      ["CERT_CHAIN_INVALID", signer + leaf + root],
    ] as const) {
      const { tcbInfo } = forged.collateral;
      const collateral = { ...input.collateral, tcbInfo, tcbInfoIssuerChain };
      expect(await codeOf(verify({ ...input, collateral }))).toBe(code);
    }
  });
});
