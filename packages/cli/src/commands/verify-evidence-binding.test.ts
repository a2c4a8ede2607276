import type { TeeKind } from "@carrara/attestation";
import { concatBytes, toHex, utf8 } from "@carrara/encoding";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  BANNER,
  createEvidenceFiles,
  type EvidenceFiles,
  NONCE,
  offline,
  PADDED,
  TEES,
} from "../testing/evidence-files.ts";
import { runCli, type Transcript } from "../testing/run-cli.ts";
import { REPORT_DATA } from "../testing/simulated-evidence.ts";

let files: EvidenceFiles;

beforeAll(async () => {
  files = await createEvidenceFiles();
});
afterAll(async () => await files.close());

describe("evidence verify", () => {
  test("with --nonce needs report data to be it, zero-padded", async () => {
    const verify = async (nonce: string): Promise<Transcript> =>
      await files.carrara("verify", "snp/evidence.bin", ...offline("snp"), "-i", "--nonce", nonce);
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
        await files.carrara("verify", `${tee}/peer.pem`, ...offline(tee), "-i", ...args);
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
      expect(await files.carrara("verify", `${tee}/peer.pem`, ...offline(tee))).toMatchObject({
        code: 3,
        stdout: "NOT TRUSTED: POLICY_SIMULATION\n",
      });
    },
  );

  test("refuses a certificate that expired, unless told to ignore it, and one that was changed", async () => {
    const notAfter = new Date(Date.now() - 1000);
    const old = await files.add("old", { tee: "sgx", notAfter });
    const collateral = ["--collateral", "old/collateral.json", "-i"];
    expect(await files.carrara("verify", "old/peer.pem", ...collateral)).toMatchObject({
      code: 3,
      stdout: "NOT TRUSTED: RATLS_CERT_VALIDITY\n",
    });
    const ignored = await files.carrara(
      "verify",
      "old/peer.pem",
      ...collateral,
      "--ignore-certificate-validity",
    );
    expect(ignored.code).toBe(0);
    expect(ignored.stdout).toMatch(/^ {2}certificateValidity +not asked for$/m);
    const at = old.certificate.length - 1;
    const flipped = old.certificate.with(at, (old.certificate[at] ?? 0) ^ 1);
    const bent = await files.carrara("verify", await files.put("bent.der", flipped), ...collateral);
    expect(bent).toMatchObject({ code: 3, stdout: "NOT TRUSTED: RATLS_CERT_SIGNATURE\n" });
  });

  test.each<[TeeKind, number, string]>([
    ["sgx", 0x90, "QUOTE_SIGNATURE_INVALID"],
    ["tdx", 0x90, "QUOTE_SIGNATURE_INVALID"],
    ["snp", 0x90, "REPORT_SIGNATURE_INVALID"],
  ])("refuses %s evidence with a flipped bit by its code", async (tee, offset, error) => {
    const good = files.evidenceOf(tee);
    const file = await files.put("flipped", good.with(offset, (good[offset] ?? 0) ^ 1));
    const text = await files.carrara("verify", file, ...offline(tee), "-i");
    expect(text).toMatchObject({ code: 3, stdout: `NOT TRUSTED: ${error}\n` });
    expect(text.stderr).toMatch(new RegExp(`^Error: ${error}: `));
    const args = ["--json", "evidence", "verify", file, ...offline(tee), "-i"];
    const json = await runCli(args, { cwd: files.dir });
    expect(json.code).toBe(3);
    expect(JSON.parse(json.stdout)).toEqual({
      verdict: "refused",
      verified: false,
      error: { code: error, message: expect.any(String) },
    });
  });

  test("refuses evidence outside the time of its collateral, which --at chooses", async () => {
    const verify = async (time: string): Promise<Transcript> =>
      await files.carrara("verify", "sgx/evidence.bin", ...offline("sgx"), "-i", "--at", time);
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
    const { code, stdout, stderr } = await files.carrara(...args);
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
    const file = await files.put("ear.json", JSON.stringify(policy));
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
    const { code, stdout } = await files.carrara(...args);
    expect(code).toBe(3);
    expect(JSON.parse(stdout)).toMatchObject({
      submods: { snp: { "carrara.evidence": { violations: ["POLICY_MEASUREMENT"] } } },
    });
    const broken = await files.carrara(
      "verify",
      await files.put("none.bin", "00"),
      ...args.slice(2),
    );
    expect(broken).toMatchObject({ code: 1 });
    expect(JSON.parse(broken.stdout)).toMatchObject({ error: { code: "EVIDENCE_UNRECOGNISED" } });
  });

  test("follows an Azure HCL report from its variable data to the SNP report", async () => {
    const n = Buffer.alloc(256, 0xc5).toString("base64url");
    const key = { kid: "HCLAkPub", kty: "RSA", e: "AQAB", n };
    const variables = utf8(JSON.stringify({ keys: [key], "user-data": "00ff" }));
    const { getEvidence } = files.machine("snp");
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", variables));
    const report = (await getEvidence(digest)).subarray(0, 1184);
    const hcl = await files.put("hcl.bin", hclReport(report, variables));
    expect(await files.show(hcl)).toMatchObject({
      kind: "azure-hcl",
      hcl: { reportType: "SNP", hashType: "sha256", userData: "00ff" },
      variableData: { "user-data": "00ff", keys: [{ kid: "HCLAkPub" }] },
      guest: { measurement: "e2".repeat(48) },
    });
    const good = await files.carrara("verify", hcl, ...offline("snp"), "-i");
    expect(good.code).toBe(0);
    expect(good.stdout).toMatch(/^ {2}variableData +report data has its hash$/m);
    const bent = await files.put(
      "bent.bin",
      hclReport(report, utf8(`${JSON.stringify({ keys: [key] })} `)),
    );
    const { code, stdout } = await files.carrara("verify", bent, ...offline("snp"), "-i");
    expect({ code, stdout }).toEqual({ code: 3, stdout: "NOT TRUSTED: HCL_BINDING\n" });
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
