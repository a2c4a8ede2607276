import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  certificatesOf,
  createEvidenceFiles,
  type EvidenceFiles,
  offline,
} from "../testing/evidence-files.ts";

let files: EvidenceFiles;

beforeAll(async () => {
  files = await createEvidenceFiles();
});
afterAll(async () => await files.close());

describe("evidence verify", () => {
  test("says that a certificate alone is no evidence", async () => {
    const [leaf = new Uint8Array()] = certificatesOf(files.evidenceOf("sgx"));
    const { code, stdout, stderr } = await files.carrara(
      "verify",
      await files.put("leaf.der", leaf),
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
    await files.put(
      "slip.json",
      '{"sgx":{"measurement":"any","reportData":"any","acceptedStatus":[]}}',
    );
    const text = await files.carrara("verify", ...args);
    expect(text).toMatchObject({ code, stdout: "" });
    expect(text.stderr).toContain(`Error: ${error}: `);
    const json = await files.carrara("verify", ...args, "--json");
    expect(json.code).toBe(code);
    expect(JSON.parse(json.stdout)).toMatchObject({ error: { code: error } });
  });

  test("explains itself", async () => {
    const { code, stdout } = await files.carrara("verify", "--help");
    expect(code).toBe(0);
    expect(stdout).toContain("report data must be these bytes and zeros up to 64");
    expect(stdout).toMatch(/--pccs <url> [\s\S]*also\s+--pccs-url/);
    expect(stdout).toMatch(/--nonce <hex> [\s\S]*64/);
    expect(stdout).toMatch(/--accepted-tcb-statuses <list> [\s\S]*--accepted-advisories <list>/);
    expect(stdout).not.toMatch(/--save-sgx-quote|--era-config|PCK/);
    const alone = await files.carrara("--json");
    expect(alone.code).toBe(2);
    expect(JSON.parse(alone.stdout)).toMatchObject({ error: { code: "USAGE" } });
    for (const example of stdout.match(/^ {2}carrara .*$/gm) ?? []) {
      expect(example).toMatch(/^ {2}carrara evidence verify /);
    }
  });
});
