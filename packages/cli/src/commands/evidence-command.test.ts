import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encodeOeQuote, parseQuote, pckChainOf, type TeeKind } from "@carrara/attestation";
import { concatBytes, encodePem, parsePem, toBase64, toHex, utf8 } from "@carrara/encoding";
import { type CollateralBundle, encodeCollateralBundle, parseCollateralBundle } from "@carrara/tee";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runCli, type Transcript } from "../testing/run-cli.ts";
import {
  createSimulatedEvidence,
  REPORT_DATA,
  type SimulatedEvidence,
} from "../testing/simulated-evidence.ts";

const TEES: readonly TeeKind[] = ["sgx", "tdx", "snp"];
const BANNER = "SIMULATION: not protected by hardware\n";
const NONCE = new Uint8Array(16).fill(0x4e);
const MRENCLAVE = "e1".repeat(32);
const PADDED = `${toHex(REPORT_DATA)}${"00".repeat(64 - REPORT_DATA.length)}`;

let dir = "";
const machines = new Map<string, SimulatedEvidence>();

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "carrara-evidence-"));
  const made = TEES.map(async (tee) => {
    const machine = await createSimulatedEvidence({ tee, dir: join(dir, tee), nonce: NONCE });
    machines.set(tee, machine);
  });
  await Promise.all(made);
});
afterAll(async () => {
  await Promise.all([...machines.values()].map(async (machine) => await machine.close()));
  await rm(dir, { recursive: true });
});

const carrara = async (...args: string[]): Promise<Transcript> =>
  await runCli(["evidence", ...args], { cwd: dir });

function evidenceOf(tee: TeeKind): Uint8Array {
  const machine = machines.get(tee);
  if (machine === undefined) throw new TypeError("machine was not made");
  return machine.evidence;
}

async function put(name: string, content: Uint8Array | string): Promise<string> {
  await writeFile(join(dir, name), content);
  return name;
}

async function show(file: string): Promise<Record<string, unknown>> {
  const { code, stdout, stderr } = await carrara("show", file, "--json");
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout.endsWith("\n") && !stdout.slice(0, -1).includes("\n")).toBe(true);
  return JSON.parse(stdout) as Record<string, unknown>;
}

const offline = (tee: TeeKind): string[] => ["--collateral", `${tee}/collateral.json`];

describe("evidence show", () => {
  test("prints every field of a quote, part by part, and says that nothing is verified", async () => {
    const { code, stdout, stderr } = await carrara("show", "sgx/evidence.bin");
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
    const { stdout } = await runCli(args, { cwd: dir, color: true });
    expect(stdout).toContain("\x1b[1mHeader (48 bytes)");
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the codes of colours
    const plain = stdout.replace(/\x1b\[\d+m/g, "");
    expect(plain).toBe((await runCli(args, { cwd: dir })).stdout);
  });

  test("gives one document of a quote, with bytes as hex", async () => {
    expect(await show("sgx/evidence.bin")).toMatchObject({
      verified: false,
      kind: "sgx-quote",
      encoding: "binary",
      bytes: evidenceOf("sgx").length,
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
    expect(await show("tdx/evidence.bin")).toMatchObject({
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
    expect(await show("snp/evidence.bin")).toMatchObject({
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
      expect(await show(`${tee}/peer.pem`)).toMatchObject({
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
    const document = await show("sgx/evidence.bin");
    const [leaf] = certificatesOf(evidenceOf("sgx"));
    const shown = await show(await put("pck.der", leaf ?? new Uint8Array()));
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
    const shown = await show(await put("form", encode(evidenceOf("sgx"))));
    expect(shown).toMatchObject({ kind: "sgx-quote", ...expected, body: { mrEnclave: MRENCLAVE } });
  });

  test("reads standard input", async () => {
    const options = { cwd: dir, stdin: utf8(toHex(evidenceOf("tdx"))) };
    const { code, stdout } = await runCli(["evidence", "show", "-", "--json"], options);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ kind: "tdx-quote", encoding: "hex" });
  });

  test("reads evidence behind a byte order mark, and in PEM armour of any label", async () => {
    const mark = new Uint8Array([0xef, 0xbb, 0xbf]);
    for (const text of [toHex(evidenceOf("tdx")), toBase64(evidenceOf("tdx"))]) {
      const shown = await show(await put("marked", concatBytes(mark, utf8(text))));
      expect(shown).toMatchObject({ kind: "tdx-quote" });
    }
    for (const label of ["QUOTE", "SGX QUOTE", "CERTIFICATE"]) {
      const shown = await show(await put("armour", encodePem(label, evidenceOf("sgx"))));
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
    const file = await put("nothing", content);
    for (const command of ["show", "verify"]) {
      const { code, stdout, stderr } = await carrara(command, file);
      expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
      expect(stderr).toContain(`Error: EVIDENCE_UNRECOGNISED: the file holds `);
      expect(stderr).toContain(message);
    }
  });

  test("names the algorithm of AMD's signatures", async () => {
    const { certificates } = await show("snp/evidence.bin");
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
    const { code, stdout, stderr } = await carrara(
      "show",
      await put("damaged", damage(evidenceOf("sgx"))),
    );
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toContain(`Error: ${error}`);
  });

  test("shows all certificates of a PEM file, evidence in the first", async () => {
    const [leaf = new Uint8Array()] = certificatesOf(evidenceOf("sgx"));
    const peer = encodePem("CERTIFICATE", machines.get("sgx")?.certificate ?? new Uint8Array());
    const chain = await put("chain.pem", `${peer}${encodePem("CERTIFICATE", leaf)}`);
    const { certificates } = await show(chain);
    expect((certificates as readonly object[]).slice(-1)).toMatchObject([
      { subject: expect.stringContaining("CN=SIMULATION SGX PCK Certificate") },
    ]);
    const plain = await put("plain.pem", encodePem("CERTIFICATE", leaf).repeat(2));
    expect(await show(plain)).toMatchObject({ kind: "certificate", certificates: [{}, {}] });
  });

  test("stops when it is asked to", async () => {
    const options = { cwd: dir, signal: AbortSignal.abort() };
    const { code, stderr } = await runCli(["evidence", "show", "sgx/evidence.bin"], options);
    expect(code).toBe(1);
    expect(stderr).toBe("Error: FILE_UNREADABLE: cannot read sgx/evidence.bin (ABORT_ERR)\n");
  });

  test("never gives a terminal what it could obey", async () => {
    const evil = "peer\x1b]0pwned\x07\x9b2J\u202egnp.\nError: none\x00";
    const made = { tee: "sgx", dir: join(dir, "evil"), commonName: evil } as const;
    machines.set("evil", await createSimulatedEvidence(made));
    for (const args of [[], ["--json"]]) {
      const { stdout, code } = await carrara("show", "evil/peer.pem", ...args);
      expect(code).toBe(0);
      // biome-ignore lint/suspicious/noControlCharactersInRegex: what must not be there
      expect(stdout).not.toMatch(/[\0-\x09\x0b-\x1f\x7f-\x9f\u202e]/);
      expect(stdout).toContain("\\u001b]0pwned");
      expect(stdout).not.toMatch(/^Error/m);
      if (args.length > 0)
        expect(JSON.parse(stdout).certificate.subject).toContain(evil.slice(0, 4));
    }
    const missing = await carrara("show", "\x1b[2Jnone");
    expect(missing.stderr).toBe("Error: FILE_UNREADABLE: no such file: \\u001b[2Jnone\n");
  });
});

describe("evidence verify", () => {
  test.each(TEES)("accepts a simulation of %s with --insecure and says what it is", async (tee) => {
    const { code, stdout, stderr } = await carrara(
      "verify",
      `${tee}/evidence.bin`,
      ...offline(tee),
      "-i",
    );
    expect({ code, stderr }).toEqual({ code: 0, stderr: BANNER });
    const lines = stdout.split("\n");
    expect(lines[0]).toBe(
      `ACCEPTED AS A SIMULATION: ${tee.toUpperCase()} evidence, ${tee === "snp" ? "processor SIMULATED Milan" : "TCB status SIMULATED UpToDate"} (no hardware protection)`,
    );
    expect(lines[1]).toBe(
      "Nobody said which code is expected or what it should speak of (report data): any is accepted; name it with --policy",
    );
    expect(stdout).toMatch(/^ {2}assurance +simulation$/m);
    expect(stdout).toMatch(/^ {2}trustAnchor +[^(]+ \(of "Simulation - NOT HARDWARE"\)$/m);
    expect(stdout).toContain(PADDED);
  });

  test.each(TEES)("with --json says simulation first, for %s", async (tee) => {
    const { code, stdout, stderr } = await carrara(
      "verify",
      `${tee}/evidence.bin`,
      ...offline(tee),
      "--insecure",
      "--json",
    );
    expect({ code, stderr }).toEqual({ code: 0, stderr: BANNER });
    expect(stdout).toMatch(/^\{"assurance":"simulation","verdict":"accepted",.*\}\n$/);
    expect(JSON.parse(stdout)).toMatchObject({
      tee,
      status: tee === "snp" ? null : "UpToDate",
      policyId: "default",
      expected: { measurement: "any", reportData: "any" },
      violations: [],
      platform: {
        trustAnchor: expect.stringMatching(/^(?:SIMULATION SGX Root CA|ARK-Milan)$/),
        trustAnchorOrganization: "Simulation - NOT HARDWARE",
      },
      identity: { reportData: PADDED, debug: false },
      checks: { collateral: `${tee}/collateral.json`, appraisal: "accepted" },
    });
  });

  test.each(TEES)(
    "refuses a simulation of %s without --insecure, whatever a policy says",
    async (tee) => {
      const any = { measurement: "any", reportData: "any", acceptSimulation: true };
      const policy = { [tee]: tee === "snp" ? { ...any, vmpl: "any" } : any };
      const file = await put(`${tee}-any.json`, JSON.stringify(policy));
      for (const extra of [[], ["--policy", file], ["--pccs", "http://127.0.0.1:1"]]) {
        const collateral = extra[0] === "--pccs" ? [] : offline(tee);
        const { code, stdout, stderr } = await carrara(
          "verify",
          `${tee}/evidence.bin`,
          ...collateral,
          ...extra,
        );
        expect({ code, stdout }).toEqual({ code: 3, stdout: "NOT TRUSTED: POLICY_SIMULATION\n" });
        expect(stderr).toMatch(
          /^Error: POLICY_SIMULATION: .*root "[^"]+" of "Simulation - NOT HARDWARE", which is neither.*--insecure/,
        );
      }
    },
  );

  test("fetches collateral from a PCCS", async () => {
    const { pccsUrl = "" } = machines.get("tdx") ?? {};
    for (const option of ["--pccs", "--pccs-url"]) {
      const { code, stdout } = await carrara("verify", "tdx/evidence.bin", option, pccsUrl, "-i");
      expect(code).toBe(0);
      expect(stdout).toContain(`  collateral           ${pccsUrl}\n`);
    }
  });

  test("finds what it needs in a bundle of several machines, a revocation list if there is one", async () => {
    const read = async (tee: TeeKind): Promise<CollateralBundle> =>
      parseCollateralBundle(await readFile(join(dir, tee, "collateral.json")));
    const [sgx, tdx, snp] = await Promise.all([read("sgx"), read("tdx"), read("snp")]);
    const bundle = {
      dcap: [...sgx.dcap, ...tdx.dcap],
      veks: snp.veks,
      chains: [...snp.chains, ...snp.chains],
      crls: [],
    };
    const file = await put("bundle.json", encodeCollateralBundle(bundle));
    for (const tee of TEES) {
      const { code, stdout } = await carrara(
        "verify",
        `${tee}/evidence.bin`,
        "--collateral",
        file,
        "-i",
      );
      expect(code).toBe(0);
      const unchecked = /^ {2}revocation +not checked, there was no list$/m;
      if (tee !== "snp") continue;
      expect(stdout).toMatch(unchecked);
      expect(stdout).toMatch(/^Warnings\n {2}REVOCATION_NOT_CHECKED +\S/m);
    }
    const listed = await carrara("verify", "snp/evidence.bin", ...offline("snp"), "-i");
    expect(listed.stdout).toMatch(/^ {2}revocation +checked$/m);
    const [first] = sgx.dcap;
    if (first === undefined) throw new TypeError("the machine has collateral");
    const bent = { ...bundle, dcap: [first, { ...first, tcbInfo: "{}" }] };
    const bad = ["--collateral", await put("bent.json", encodeCollateralBundle(bent)), "-i"];
    const { code, stderr } = await carrara("verify", "sgx/evidence.bin", ...bad);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^Error: COLLATERAL_INVALID: /);
  });

  test("lists everything that a policy refuses, with exit code 3", async () => {
    const policy = {
      sgx: {
        measurement: { mrSigner: "51".repeat(32), isvProdId: 4, minIsvSvn: 3 },
        reportData: "00".repeat(64),
        minTcbEvaluationDataNumber: 1000,
      },
    };
    const file = await put("strict.json", JSON.stringify(policy));
    const args = ["verify", "sgx/evidence.bin", ...offline("sgx"), "-i", "--policy", file];
    const codes = [
      "POLICY_TCB_EVALUATION_NUMBER",
      "POLICY_REPORT_DATA",
      "POLICY_ISV_PROD_ID",
      "POLICY_ISV_SVN",
    ];
    const text = await carrara(...args);
    expect(text.code).toBe(3);
    expect(text.stdout.split("\n")[0]).toBe(`NOT TRUSTED: ${codes.join(", ")}`);
    for (const code of codes) expect(text.stdout).toMatch(new RegExp(`^  ${code} +\\S`, "m"));
    expect(text.stdout).toContain("product id is 3, 4 needed");
    expect(text.stderr).toMatch(
      /^SIMULATION: .*\nError: POLICY_TCB_EVALUATION_NUMBER: refused by policy: [a-z].*, POLICY_ISV_SVN \(.*\)\n$/,
    );
    const json = await carrara(...args, "--json");
    expect(json.code).toBe(3);
    expect(JSON.parse(json.stdout)).toMatchObject({
      assurance: "simulation",
      verdict: "refused",
      policyId: expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
      expected: { measurement: "named", reportData: "named" },
      violations: codes.map((code) => ({ code, message: expect.any(String) })),
      error: { code: codes[0], message: expect.any(String) },
    });
  });

  test("accepts what a policy names, and nothing of a TEE that it leaves out", async () => {
    const policy = { sgx: { measurement: { mrEnclave: MRENCLAVE }, reportData: PADDED } };
    const file = await put("exact.json", JSON.stringify(policy));
    const good = await carrara(
      "verify",
      "sgx/evidence.bin",
      ...offline("sgx"),
      "-i",
      "--policy",
      file,
    );
    expect(good.code).toBe(0);
    expect(good.stdout).not.toContain("Nobody said");
    expect(good.stdout).toContain(`  policy               exact.json\n`);
    const other = await carrara(
      "verify",
      "tdx/evidence.bin",
      ...offline("tdx"),
      "-i",
      "--policy",
      file,
    );
    expect(other.code).toBe(3);
    expect(other.stderr).toContain("the policy accepts no evidence of tdx");
    expect(other.stdout).toMatch(/^ {2}expectedMeasurement +nothing for tdx$/m);
    expect(other.stdout).toMatch(/^ {2}expectedReportData +nothing for tdx$/m);
  });

  test.each<[string, string, string]>([
    ["is empty", " \n", "policy: the document is empty"],
    ["says a thing twice", '{"sgx":{},"sgx":{}}', 'duplicate key "sgx"'],
    ["names an unknown TEE", '{"sxg":{}}', '"sxg" is not known; known are sgx, tdx, snp'],
    [
      "has a slip of the pen",
      '{"sgx":{"measurement":"Any","reportData":"any"}}',
      'sgx.measurement is not an object, nor the word "any"',
    ],
  ])("says of a policy that %s what is wrong", async (_, text, message) => {
    const file = await put("wrong.json", text);
    const { code, stderr } = await carrara("verify", "sgx/evidence.bin", "-i", "--policy", file);
    expect(code).toBe(1);
    expect(stderr).toContain(message);
  });

  test("says who gave no collateral, why, and what to do about it", async () => {
    const args = ["verify", "sgx/evidence.bin", "-i", "--pccs"];
    const { code, stderr } = await carrara(...args, "http://127.0.0.1:1/key-in-the-path/");
    expect(code).toBe(4);
    expect(stderr).toBe(
      "Error: COLLATERAL_UNAVAILABLE: 127.0.0.1:1 gave no collateral: the service cannot be reached: bad port; give it with --collateral FILE, or name a service with --pccs URL\n",
    );
  });

  test("names the certificate or the list that has expired", async () => {
    const args = ["verify", "sgx/evidence.bin", ...offline("sgx"), "-i", "--at"];
    const { stderr } = await carrara(...args, "2032-01-01T00:00:00Z");
    expect(stderr).toMatch(/^Error: CERT_EXPIRED: "SIMULATION SGX Root CA" was valid until 20/);
    const scenario = { issuedAt: { pckCrl: new Date(Date.now() - 60 * 86_400_000) } };
    const made = { tee: "sgx", dir: join(dir, "stale"), scenario } as const;
    machines.set("stale", await createSimulatedEvidence(made));
    const stale = ["verify", "stale/evidence.bin", "--collateral", "stale/collateral.json", "-i"];
    expect((await carrara(...stale)).stderr).toMatch(
      /^Error: CRL_EXPIRED: revocation list of "SIMULATION SGX PCK Platform CA" was due again 20/,
    );
  });

  test("writes the same warnings into an attestation result", async () => {
    const longer = await put("longer.bin", concatBytes(evidenceOf("sgx"), new Uint8Array(3)));
    const { stdout } = await carrara("verify", longer, ...offline("sgx"), "-i", "--ear");
    expect(JSON.parse(stdout)).toMatchObject({
      submods: { sgx: { "carrara.evidence": { warnings: ["TRAILING_BYTES"] } } },
    });
  });

  test("takes the statuses and advisories of the options, but not beside a policy", async () => {
    const scenario = { tcbStatus: "SWHardeningNeeded", advisoryIds: ["INTEL-SA-00615"] } as const;
    machines.set(
      "soft",
      await createSimulatedEvidence({ tee: "sgx", dir: join(dir, "soft"), scenario }),
    );
    const verify = async (...args: string[]): Promise<Transcript> =>
      await carrara(
        "verify",
        "soft/evidence.bin",
        "--collateral",
        "soft/collateral.json",
        "-i",
        ...args,
      );
    expect((await verify()).stdout).toMatch(/^NOT TRUSTED: POLICY_TCB_STATUS\n/);
    const accepted = await verify("--accepted-tcb-statuses", "SWHardeningNeeded");
    expect(accepted).toMatchObject({ code: 0 });
    expect(accepted.stdout).toContain("SIMULATED SWHardeningNeeded (no hardware protection)");
    expect(accepted.stdout).toContain("INTEL-SA-00615");
    const advisories = [
      "--accepted-tcb-statuses",
      "SWHardeningNeeded",
      "--accepted-advisories",
      "INTEL-SA-1",
    ];
    expect((await verify(...advisories)).stdout).toMatch(/^NOT TRUSTED: POLICY_ADVISORY\n/);
    const file = await put("both.json", "{}");
    expect(await verify("--policy", file, ...advisories)).toMatchObject({ code: 2 });
  });

  test("with --nonce needs report data to be it, zero-padded", async () => {
    const verify = async (nonce: string): Promise<Transcript> =>
      await carrara("verify", "snp/evidence.bin", ...offline("snp"), "-i", "--nonce", nonce);
    const good = await verify(toHex(REPORT_DATA));
    expect(good.code).toBe(0);
    expect(good.stdout).toContain("Nobody said which code is expected: any is accepted");
    expect(await verify(PADDED)).toMatchObject({ code: 0 });
    expect(await verify(`0x${PADDED}`)).toMatchObject({ code: 0 });
    for (const nonce of [toHex(REPORT_DATA).slice(2), `${toHex(REPORT_DATA)}01`, "00"]) {
      const bad = await verify(nonce);
      expect(bad.code).toBe(3);
      expect(bad.stdout).toMatch(/^NOT TRUSTED: POLICY_NONCE\n/);
    }
  });

  test.each(TEES)(
    "follows an RA-TLS certificate of %s from its key to the evidence",
    async (tee) => {
      const verify = async (...args: string[]): Promise<Transcript> =>
        await carrara("verify", `${tee}/peer.pem`, ...offline(tee), "-i", ...args);
      const good = await verify("--nonce", toHex(NONCE), "--json");
      expect(good.code).toBe(0);
      expect(JSON.parse(good.stdout)).toMatchObject({
        assurance: "simulation",
        verdict: "accepted",
        expected: { measurement: "any", reportData: "bound" },
        checks: {
          certificateSignature: "self-signed, verifies",
          certificateValidity: "in force",
          nonce: "the claims repeat it",
          keyBinding: expect.stringContaining("the certificate's key"),
        },
      });
      const other = await verify("--nonce", "00");
      expect(other).toMatchObject({ code: 3, stdout: "NOT TRUSTED: POLICY_NONCE\n" });
      expect(await carrara("verify", `${tee}/peer.pem`, ...offline(tee))).toMatchObject({
        code: 3,
        stdout: "NOT TRUSTED: POLICY_SIMULATION\n",
      });
    },
  );

  test("refuses a certificate that expired, unless told to ignore it, and one that was changed", async () => {
    const notAfter = new Date(Date.now() - 1000);
    const made = { tee: "sgx", dir: join(dir, "old"), notAfter } as const;
    const old = await createSimulatedEvidence(made);
    machines.set("old", old);
    const collateral = ["--collateral", "old/collateral.json", "-i"];
    expect(await carrara("verify", "old/peer.pem", ...collateral)).toMatchObject({
      code: 3,
      stdout: "NOT TRUSTED: RATLS_CERT_VALIDITY\n",
    });
    const ignored = await carrara(
      "verify",
      "old/peer.pem",
      ...collateral,
      "--ignore-certificate-validity",
    );
    expect(ignored.code).toBe(0);
    expect(ignored.stdout).toMatch(/^ {2}certificateValidity +not asked for$/m);
    const at = old.certificate.length - 1;
    const flipped = old.certificate.with(at, (old.certificate[at] ?? 0) ^ 1);
    const bent = await carrara("verify", await put("bent.der", flipped), ...collateral);
    expect(bent).toMatchObject({ code: 3, stdout: "NOT TRUSTED: RATLS_CERT_SIGNATURE\n" });
  });

  test.each<[TeeKind, number, string]>([
    ["sgx", 0x90, "QUOTE_SIGNATURE_INVALID"],
    ["tdx", 0x90, "QUOTE_SIGNATURE_INVALID"],
    ["snp", 0x90, "REPORT_SIGNATURE_INVALID"],
  ])("refuses %s evidence with a flipped bit by its code", async (tee, offset, error) => {
    const good = evidenceOf(tee);
    const file = await put("flipped", good.with(offset, (good[offset] ?? 0) ^ 1));
    const text = await carrara("verify", file, ...offline(tee), "-i");
    expect(text).toMatchObject({ code: 3, stdout: `NOT TRUSTED: ${error}\n` });
    expect(text.stderr).toMatch(new RegExp(`^Error: ${error}: `));
    const args = ["--json", "evidence", "verify", file, ...offline(tee), "-i"];
    const json = await runCli(args, { cwd: dir });
    expect(json.code).toBe(3);
    expect(JSON.parse(json.stdout)).toEqual({
      verdict: "refused",
      verified: false,
      error: { code: error, message: expect.any(String) },
    });
  });

  test("refuses evidence outside the time of its collateral, which --at chooses", async () => {
    const verify = async (time: string): Promise<Transcript> =>
      await carrara("verify", "sgx/evidence.bin", ...offline("sgx"), "-i", "--at", time);
    const now = new Date();
    expect((await verify(now.toISOString())).code).toBe(0);
    expect((await verify(now.toISOString().toLowerCase())).code).toBe(0);
    expect((await verify(String(Math.floor(now.getTime() / 1000)))).code).toBe(0);
    for (const time of ["2001-01-01T00:00:00Z", "2049-01-01T02:00:00+02:00"]) {
      const { code, stdout } = await verify(time);
      expect(code).toBe(3);
      expect(stdout).toMatch(/^NOT TRUSTED: [A-Z_]+_(?:EXPIRED|NOT_YET_VALID)\n$/);
    }
  });

  test("with --ear writes the claims of an attestation result, contraindicated for a simulation", async () => {
    const args = [
      "verify",
      "sgx/peer.pem",
      ...offline("sgx"),
      "--ear",
      "--nonce",
      toHex(NONCE),
      "-i",
    ];
    const { code, stdout, stderr } = await carrara(...args);
    expect({ code, stderr }).toEqual({ code: 0, stderr: BANNER });
    expect(JSON.parse(stdout)).toMatchObject({
      eat_profile: "tag:github.com,2023:veraison/ear",
      eat_nonce: Buffer.from(NONCE).toString("base64url"),
      exp: expect.any(Number),
      "ear.verifier-id": { developer: "carrara", build: expect.stringContaining("simulation") },
      submods: {
        sgx: {
          "ear.status": "contraindicated",
          "ear.trustworthiness-vector": { hardware: 97, "runtime-opaque": 96, executables: 33 },
          "ear.appraisal-policy-id": "default",
          "carrara.evidence": {
            assurance: "simulation",
            violations: [],
            deviations: [expect.stringContaining("POLICY_SIMULATION")],
          },
        },
      },
    });
  });

  test("with --ear and a policy that refuses still writes the result, with exit code 3", async () => {
    const policy = { snp: { measurement: "00".repeat(48), reportData: "any", vmpl: 0 } };
    const file = await put("ear.json", JSON.stringify(policy));
    const args = [
      "verify",
      "snp/evidence.bin",
      ...offline("snp"),
      "-i",
      "--policy",
      file,
      "--ear",
      "--json",
    ];
    const { code, stdout } = await carrara(...args);
    expect(code).toBe(3);
    expect(JSON.parse(stdout)).toMatchObject({
      submods: { snp: { "carrara.evidence": { violations: ["POLICY_MEASUREMENT"] } } },
    });
    const broken = await carrara("verify", await put("none.bin", "00"), ...args.slice(2));
    expect(broken).toMatchObject({ code: 1 });
    expect(JSON.parse(broken.stdout)).toMatchObject({ error: { code: "EVIDENCE_UNRECOGNISED" } });
  });

  test("follows an Azure HCL report from its variable data to the SNP report", async () => {
    const n = Buffer.alloc(256, 0xc5).toString("base64url");
    const key = { kid: "HCLAkPub", kty: "RSA", e: "AQAB", n };
    const variables = utf8(JSON.stringify({ keys: [key], "user-data": "00ff" }));
    const { getEvidence } = machines.get("snp") ?? {};
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", variables));
    const report = (await getEvidence?.(digest))?.subarray(0, 1184) ?? new Uint8Array();
    const hcl = await put("hcl.bin", hclReport(report, variables));
    expect(await show(hcl)).toMatchObject({
      kind: "azure-hcl",
      hcl: { reportType: "SNP", hashType: "sha256", userData: "00ff" },
      variableData: { "user-data": "00ff", keys: [{ kid: "HCLAkPub" }] },
      guest: { measurement: "e2".repeat(48) },
    });
    const good = await carrara("verify", hcl, ...offline("snp"), "-i");
    expect(good.code).toBe(0);
    expect(good.stdout).toMatch(/^ {2}variableData +report data has its hash$/m);
    const bent = await put(
      "bent.bin",
      hclReport(report, utf8(`${JSON.stringify({ keys: [key] })} `)),
    );
    const { code, stdout } = await carrara("verify", bent, ...offline("snp"), "-i");
    expect({ code, stdout }).toEqual({ code: 3, stdout: "NOT TRUSTED: HCL_BINDING\n" });
  });

  test("says that a certificate alone is no evidence", async () => {
    const [leaf = new Uint8Array()] = certificatesOf(evidenceOf("sgx"));
    const { code, stdout, stderr } = await carrara(
      "verify",
      await put("leaf.der", leaf),
      ...offline("sgx"),
    );
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toMatch(/^Error: EVIDENCE_UNRECOGNISED: .* nothing to verify/);
  });

  test.each<[string, number, string, readonly string[]]>([
    [
      "nobody answers",
      4,
      "COLLATERAL_UNAVAILABLE",
      ["sgx/evidence.bin", "-i", "--pccs", "http://127.0.0.1:1"],
    ],
    ["the file is not there", 1, "FILE_UNREADABLE", ["none"]],
    ["the file is a directory", 1, "FILE_UNREADABLE", ["sgx"]],
    [
      "the collateral is not there",
      1,
      "FILE_UNREADABLE",
      ["sgx/evidence.bin", "--collateral", "none"],
    ],
    [
      "the collateral is none",
      1,
      "COLLATERAL_INVALID",
      ["sgx/evidence.bin", "--collateral", "sgx/evidence.bin"],
    ],
    [
      "the collateral is of another vendor",
      4,
      "COLLATERAL_UNAVAILABLE",
      ["sgx/evidence.bin", "-i", "--collateral", "snp/collateral.json"],
    ],
    ["the policy is not there", 1, "FILE_UNREADABLE", ["sgx/evidence.bin", "--policy", "none"]],
    [
      "the policy is none",
      1,
      "POLICY_INVALID",
      ["sgx/evidence.bin", "--policy", "sgx/evidence.bin"],
    ],
    [
      "the policy has a slip of the pen",
      1,
      "POLICY_INVALID",
      ["sgx/evidence.bin", "--policy", "slip.json"],
    ],
    ["a file for evidence is named", 2, "USAGE", ["sgx/evidence.bin", "--save-sgx-quote", "x"]],
    ["an option is not known", 2, "USAGE", ["sgx/evidence.bin", "--frobnicate"]],
    ["the nonce is no hex", 2, "USAGE", ["sgx/evidence.bin", "--nonce", "0g"]],
    ["the nonce is empty", 2, "USAGE", ["sgx/evidence.bin", "--nonce", ""]],
    [
      "the nonce is longer than report data",
      2,
      "USAGE",
      ["sgx/evidence.bin", "--nonce", "00".repeat(65)],
    ],
    ["the nonce does not fit an EAR", 2, "USAGE", ["sgx/evidence.bin", "--ear", "--nonce", "00"]],
    ["the time is none", 2, "USAGE", ["sgx/evidence.bin", "--at", "yesterday"]],
    ["the day does not exist", 2, "USAGE", ["sgx/evidence.bin", "--at", "2025-02-30T00:00:00Z"]],
    ["the PCCS is no URL", 2, "USAGE", ["sgx/evidence.bin", "--pccs", "localhost"]],
    ["the PCCS is no web service", 2, "USAGE", ["sgx/evidence.bin", "--pccs", "file:///tmp"]],
    [
      "two sources are named",
      2,
      "USAGE",
      ["sgx/evidence.bin", "--pccs", "http://a", "--collateral", "b"],
    ],
    ["no file is named", 2, "USAGE", []],
  ])("when %s: exit code %i and %s", async (_, code, error, args) => {
    await put("slip.json", '{"sgx":{"measurement":"any","reportData":"any","acceptedStatus":[]}}');
    const text = await carrara("verify", ...args);
    expect(text).toMatchObject({ code, stdout: "" });
    expect(text.stderr).toContain(`Error: ${error}: `);
    const json = await carrara("verify", ...args, "--json");
    expect(json.code).toBe(code);
    expect(JSON.parse(json.stdout)).toMatchObject({ error: { code: error } });
  });

  test("explains itself", async () => {
    const { code, stdout } = await carrara("verify", "--help");
    expect(code).toBe(0);
    expect(stdout).toContain("report data must be these bytes and zeros up to 64");
    expect(stdout).toMatch(/--pccs <url> [\s\S]*also\s+--pccs-url/);
    expect(stdout).toMatch(/--nonce <hex> [\s\S]*64/);
    expect(stdout).toMatch(/--accepted-tcb-statuses <list> [\s\S]*--accepted-advisories <list>/);
    expect(stdout).not.toMatch(/--save-sgx-quote|--era-config|PCK/);
    const alone = await carrara("--json");
    expect(alone.code).toBe(2);
    expect(JSON.parse(alone.stdout)).toMatchObject({ error: { code: "USAGE" } });
    for (const example of stdout.match(/^ {2}carrara .*$/gm) ?? []) {
      expect(example).toMatch(/^ {2}carrara evidence verify /);
    }
  });
});

/** Azure's report around a hardware report, with SHA-256 over the variable data. */
function hclReport(report: Uint8Array, variables: Uint8Array): Uint8Array {
  const header = new Uint8Array(32);
  header.set(utf8("HCLA\x01"));
  const runtime = new Uint8Array(20);
  const view = new DataView(runtime.buffer);
  for (const [i, word] of [20 + variables.length, 1, 2, 1, variables.length].entries()) {
    view.setUint32(4 * i, word, true);
  }
  return concatBytes(header, report, runtime, variables);
}

function certificatesOf(quote: Uint8Array): Uint8Array[] {
  return parsePem(pckChainOf(parseQuote(quote)) ?? "").map(({ bytes }) => bytes);
}
