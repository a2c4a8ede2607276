import { encodeOeQuote } from "@carrara/attestation";
import { concatBytes, encodePem, toBase64, toHex, utf8 } from "@carrara/encoding";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  certificatesOf,
  createEvidenceFiles,
  type EvidenceFiles,
  MRENCLAVE,
  NONCE,
  PADDED,
  TEES,
} from "../testing/evidence-files.ts";
import { runCli } from "../testing/run-cli.ts";

let files: EvidenceFiles;

beforeAll(async () => {
  files = await createEvidenceFiles();
});
afterAll(async () => await files.close());

describe("evidence show", () => {
  test("prints every field of a quote, part by part, and says that nothing is verified", async () => {
    const { code, stdout, stderr } = await files.carrara("show", "sgx/evidence.bin");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(
      /^SGX quote of version 3, \d+ bytes\nNot verified: this is only what the file says\n\nHeader \(48 bytes\)\n {2}version {13}3\n/,
    );
    expect(stdout).toContain(`  mrEnclave        ${MRENCLAVE}\n`);
    expect(stdout).toContain("  attributeFlags   INIT, MODE64BIT\n");
    expect(stdout).toContain("  xfrm             X87, SSE\n");
    expect(stdout).toContain(`  reportData       ${PADDED}\n`);
    expect(stdout).toMatch(/^ {2}certDataType {2}5 \(PCK certificate chain\)$/m);
    expect(stdout).toMatch(/^ {2}fmspc +[0-9a-f]{12}$/m);
    expect(stdout).toMatch(/^ {2}notAfter +20\d\d-\d\d-\d\dT/m);
    const parts = stdout.match(/^\S.*$/gm)?.slice(2);
    expect(parts).toEqual([
      "Header (48 bytes)",
      "SGX report body (384 bytes)",
      expect.stringMatching(/^Auth data \(\d+ bytes\)$/),
      "Report of the quoting enclave (384 bytes)",
      expect.stringMatching(/^Certification data \(\d+ bytes\)$/),
      "PCK: the platform",
      expect.stringMatching(/^PCK certificate \(\d+ bytes\)$/),
      expect.stringMatching(/^Certificate \(\d+ bytes\)$/),
      expect.stringMatching(/^Certificate \(\d+ bytes\)$/),
    ]);
    expect(stdout).not.toContain("\x1b");
  });

  test("colours tables on a terminal, and only there", async () => {
    const args = ["evidence", "show", "sgx/evidence.bin"];
    const { stdout } = await runCli(args, { cwd: files.dir, color: true });
    expect(stdout).toContain("\x1b[1mHeader (48 bytes)");
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the codes of colours
    const plain = stdout.replace(/\x1b\[\d+m/g, "");
    expect(plain).toBe((await runCli(args, { cwd: files.dir })).stdout);
  });

  test("gives one document of a quote, with bytes as hex", async () => {
    expect(await files.show("sgx/evidence.bin")).toMatchObject({
      verified: false,
      kind: "sgx-quote",
      encoding: "binary",
      bytes: files.evidenceOf("sgx").length,
      header: { version: 3, teeType: 0, qeVendorId: "939a7233f79c4ca9940a0db3957f0607" },
      body: { mrEnclave: MRENCLAVE, isvProdId: 3, isvSvn: 2, debug: false, reportData: PADDED },
      qeReport: { isvProdId: 1 },
      certification: { certDataType: 5 },
      pck: { sgxTcbComponents: expect.any(Array), ca: expect.stringContaining("PCK Platform CA") },
      certificates: [
        { subject: expect.stringContaining("CN=SIMULATION SGX PCK Certificate") },
        { basicConstraints: { ca: true, pathLength: 0 } },
        { keyUsage: ["keyCertSign", "cRLSign"] },
      ],
    });
  });

  test("knows a TDX quote, its attributes and its features", async () => {
    expect(await files.show("tdx/evidence.bin")).toMatchObject({
      kind: "tdx-quote",
      header: { version: 4, teeType: 0x81 },
      body: {
        version: "1.0",
        mrTd: "d0".repeat(48),
        rtMr2: "d3".repeat(48),
        tdAttributes: "0000001000000000",
        tdAttributeFlags: ["SEPT_VE_DISABLE"],
        xfamFeatures: expect.arrayContaining(["X87", "AMX_TILEDATA"]),
        debug: false,
      },
      authData: { outerCertDataType: 6 },
    });
  });

  test("knows an SNP report and the certificates behind it", async () => {
    expect(await files.show("snp/evidence.bin")).toMatchObject({
      kind: "snp-report",
      report: { version: 3, vmpl: 0, signingKey: "VCEK", size: 1184 },
      guest: { measurement: "e2".repeat(48), policyFlags: expect.arrayContaining(["smt"]) },
      platform: {
        product: "Milan",
        reportedTcbParts: { bootloader: expect.any(Number), microcode: expect.any(Number) },
      },
      certTable: { VCEK: expect.stringMatching(/^\d+ bytes, 63da758d-/) },
      vek: {
        kind: "VCEK",
        productName: expect.stringContaining("Milan"),
        hwId: expect.any(String),
      },
      certificates: expect.arrayContaining([
        expect.objectContaining({ subject: expect.stringContaining("CN=SEV-VCEK") }),
        expect.objectContaining({ subject: expect.stringContaining("CN=ARK-Milan") }),
      ]),
    });
  });

  test.each(TEES)(
    "knows an RA-TLS certificate of %s, its claims and what is inside",
    async (tee) => {
      expect(await files.show(`${tee}/peer.pem`)).toMatchObject({
        kind: "ra-tls",
        encoding: "pem",
        certificate: { subject: "CN=simulated peer" },
        raTls: {
          kind: tee === "snp" ? "sev-snp" : "interoperable",
          oid: "2.23.133.5.4.9",
          nonce: toHex(NONCE),
          pubkeyHashAlgorithm: 1,
          otherClaims: {},
          ignored: [],
        },
        ...(tee === "snp" ? { guest: {} } : { body: { debug: false } }),
      });
    },
  );

  test("knows a certificate alone: what a PCK says of its platform", async () => {
    const document = await files.show("sgx/evidence.bin");
    const [leaf] = certificatesOf(files.evidenceOf("sgx"));
    const shown = await files.show(await files.put("pck.der", leaf ?? new Uint8Array()));
    expect(shown).toMatchObject({ kind: "certificate", encoding: "binary", pck: document["pck"] });
  });

  const forms: readonly [string, (bytes: Uint8Array) => Uint8Array | string, object][] = [
    ["in Open Enclave form", encodeOeQuote, { encoding: "binary" }],
    ["as hex", toHex, { encoding: "hex" }],
    [
      "as hex in lines with 0x",
      (b) => `0x${toHex(b).replace(/.{64}/g, "$&\r\n")}\n`,
      { encoding: "hex" },
    ],
    ["as base64", toBase64, { encoding: "base64" }],
    [
      "as base64 in lines",
      (b) => `${toBase64(b).replace(/.{76}/g, "$&\n")}\n`,
      { encoding: "base64" },
    ],
    [
      "as base64url without padding",
      (b) => toBase64(b).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", ""),
      { encoding: "base64" },
    ],
    ["as hex of base64", (b) => toHex(utf8(toBase64(b))), { encoding: "hex of base64" }],
  ];
  test.each(forms)("reads the same evidence %s", async (_, encode, expected) => {
    const shown = await files.show(await files.put("form", encode(files.evidenceOf("sgx"))));
    expect(shown).toMatchObject({ kind: "sgx-quote", ...expected, body: { mrEnclave: MRENCLAVE } });
  });

  test("reads standard input", async () => {
    const options = { cwd: files.dir, stdin: utf8(toHex(files.evidenceOf("tdx"))) };
    const { code, stdout } = await runCli(["evidence", "show", "-", "--json"], options);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ kind: "tdx-quote", encoding: "hex" });
  });

  test("reads evidence behind a byte order mark, and in PEM armour of any label", async () => {
    const mark = new Uint8Array([0xef, 0xbb, 0xbf]);
    for (const text of [toHex(files.evidenceOf("tdx")), toBase64(files.evidenceOf("tdx"))]) {
      const shown = await files.show(await files.put("marked", concatBytes(mark, utf8(text))));
      expect(shown).toMatchObject({ kind: "tdx-quote" });
    }
    for (const label of ["QUOTE", "SGX QUOTE", "CERTIFICATE"]) {
      const shown = await files.show(
        await files.put("armour", encodePem(label, files.evidenceOf("sgx"))),
      );
      expect(shown).toMatchObject({ kind: "sgx-quote", encoding: "pem" });
    }
  });

  test.each<[string, Uint8Array | string, string]>([
    ["words", "hello this is text", "neither hex, base64 nor PEM of evidence"],
    ["a word", "abcd", "neither hex, base64 nor PEM of evidence"],
    ["zeros", new Uint8Array(1024 * 1024), "bytes without the marks of evidence"],
    ["a policy", '{"sgx":{}}', "a JSON document"],
    ["a key", encodePem("PRIVATE KEY", new Uint8Array(40)), "PRIVATE KEY in PEM without the marks"],
  ])("and verify say of %s that it is no evidence", async (_, content, message) => {
    const file = await files.put("nothing", content);
    for (const command of ["show", "verify"]) {
      const { code, stdout, stderr } = await files.carrara(command, file);
      expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
      expect(stderr).toContain(`Error: EVIDENCE_UNRECOGNISED: the file holds `);
      expect(stderr).toContain(message);
    }
  });

  test("names the algorithm of AMD's signatures", async () => {
    const { certificates } = await files.show("snp/evidence.bin");
    expect(certificates).toMatchObject([{ signatureAlgorithm: "rsassaPss" }, {}, {}]);
  });

  test.each<[string, (good: Uint8Array) => Uint8Array | string, string]>([
    ["that is cut off", (good) => good.subarray(0, 400), "EVIDENCE_UNREADABLE: QUOTE_TRUNCATED: "],
    ["without its end", (good) => good.subarray(0, -1), "EVIDENCE_UNREADABLE: QUOTE_TRUNCATED: "],
    [
      "of another version",
      (good) => good.with(0, 9),
      "EVIDENCE_UNREADABLE: QUOTE_UNSUPPORTED_VERSION: ",
    ],
    [
      "of an unknown key",
      (good) => good.with(2, 7),
      "EVIDENCE_UNREADABLE: QUOTE_UNSUPPORTED_KEY_TYPE: ",
    ],
    ["that is empty", () => "", "EVIDENCE_UNRECOGNISED: "],
    ["that is prose", () => "hello, world!", "EVIDENCE_UNRECOGNISED: "],
    ["that is half a PEM", () => "-----BEGIN CERTIFICATE-----\nAAAA", "EVIDENCE_UNRECOGNISED: "],
    [
      "that is a key",
      () => "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----",
      "EVIDENCE_UNRECOGNISED: ",
    ],
    [
      "that starts like a certificate",
      () => new Uint8Array([0x30, 0x82, 0, 1, 0x30]),
      "EVIDENCE_UNREADABLE: CERT_MALFORMED: ",
    ],
    [
      "that starts like an HCL report",
      () => utf8("HCLA\x01\0"),
      "EVIDENCE_UNREADABLE: HCL_MALFORMED: ",
    ],
    ["that is too large", () => new Uint8Array(1024 * 1024 + 1), "FILE_UNREADABLE: "],
  ])("names what is wrong with a file %s", async (_, damage, error) => {
    const { code, stdout, stderr } = await files.carrara(
      "show",
      await files.put("damaged", damage(files.evidenceOf("sgx"))),
    );
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toContain(`Error: ${error}`);
  });

  test("shows all certificates of a PEM file, evidence in the first", async () => {
    const [leaf = new Uint8Array()] = certificatesOf(files.evidenceOf("sgx"));
    const peer = encodePem("CERTIFICATE", files.machine("sgx").certificate);
    const chain = await files.put("chain.pem", `${peer}${encodePem("CERTIFICATE", leaf)}`);
    const { certificates } = await files.show(chain);
    expect((certificates as readonly object[]).slice(-1)).toMatchObject([
      { subject: expect.stringContaining("CN=SIMULATION SGX PCK Certificate") },
    ]);
    const plain = await files.put("plain.pem", encodePem("CERTIFICATE", leaf).repeat(2));
    expect(await files.show(plain)).toMatchObject({ kind: "certificate", certificates: [{}, {}] });
  });

  test("stops when it is asked to", async () => {
    const options = { cwd: files.dir, signal: AbortSignal.abort() };
    const { code, stderr } = await runCli(["evidence", "show", "sgx/evidence.bin"], options);
    expect(code).toBe(1);
    expect(stderr).toBe("Error: FILE_UNREADABLE: cannot read sgx/evidence.bin (ABORT_ERR)\n");
  });

  test("never gives a terminal what it could obey", async () => {
    const evil = "peer\x1b]0pwned\x07\x9b2J\u202egnp.\nError: none\x00";
    await files.add("evil", { tee: "sgx", commonName: evil });
    for (const args of [[], ["--json"]]) {
      const { stdout, code } = await files.carrara("show", "evil/peer.pem", ...args);
      expect(code).toBe(0);
      // biome-ignore lint/suspicious/noControlCharactersInRegex: what must not be there
      expect(stdout).not.toMatch(/[\0-\x09\x0b-\x1f\x7f-\x9f\u202e]/);
      expect(stdout).toContain("\\u001b]0pwned");
      expect(stdout).not.toMatch(/^Error/m);
      if (args.length > 0)
        expect(JSON.parse(stdout).certificate.subject).toContain(evil.slice(0, 4));
    }
    const missing = await files.carrara("show", "\x1b[2Jnone");
    expect(missing.stderr).toBe("Error: FILE_UNREADABLE: no such file: \\u001b[2Jnone\n");
  });
});
