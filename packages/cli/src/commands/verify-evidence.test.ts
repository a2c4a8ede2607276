import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { TeeKind } from "@carrara/attestation";
import { concatBytes } from "@carrara/encoding";
import { type CollateralBundle, encodeCollateralBundle, parseCollateralBundle } from "@carrara/tee";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  BANNER,
  createEvidenceFiles,
  type EvidenceFiles,
  MRENCLAVE,
  offline,
  PADDED,
  TEES,
} from "../testing/evidence-files.ts";
import type { Transcript } from "../testing/run-cli.ts";

let files: EvidenceFiles;

beforeAll(async () => {
  files = await createEvidenceFiles();
});
afterAll(async () => await files.close());

describe("evidence verify", () => {
  test.each(TEES)("accepts a simulation of %s with --insecure and says what it is", async (tee) => {
    const { code, stdout, stderr } = await files.carrara(
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
    const { code, stdout, stderr } = await files.carrara(
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
      const file = await files.put(`${tee}-any.json`, JSON.stringify(policy));
      for (const extra of [[], ["--policy", file], ["--pccs", "http://127.0.0.1:1"]]) {
        const collateral = extra[0] === "--pccs" ? [] : offline(tee);
        const { code, stdout, stderr } = await files.carrara(
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
    const { pccsUrl } = files.machine("tdx");
    for (const option of ["--pccs", "--pccs-url"]) {
      const { code, stdout } = await files.carrara(
        "verify",
        "tdx/evidence.bin",
        option,
        pccsUrl,
        "-i",
      );
      expect(code).toBe(0);
      expect(stdout).toContain(`  collateral           ${pccsUrl}\n`);
    }
  });

  test("finds what it needs in a bundle of several machines, a revocation list if there is one", async () => {
    const read = async (tee: TeeKind): Promise<CollateralBundle> =>
      parseCollateralBundle(await readFile(join(files.dir, tee, "collateral.json")));
    const [sgx, tdx, snp] = await Promise.all([read("sgx"), read("tdx"), read("snp")]);
    const bundle = {
      dcap: [...sgx.dcap, ...tdx.dcap],
      veks: snp.veks,
      chains: [...snp.chains, ...snp.chains],
      crls: [],
    };
    const file = await files.put("bundle.json", encodeCollateralBundle(bundle));
    for (const tee of TEES) {
      const { code, stdout } = await files.carrara(
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
    const listed = await files.carrara("verify", "snp/evidence.bin", ...offline("snp"), "-i");
    expect(listed.stdout).toMatch(/^ {2}revocation +checked$/m);
    const [first] = sgx.dcap;
    if (first === undefined) throw new TypeError("the machine has collateral");
    const bent = { ...bundle, dcap: [first, { ...first, tcbInfo: "{}" }] };
    const bad = ["--collateral", await files.put("bent.json", encodeCollateralBundle(bent)), "-i"];
    const { code, stderr } = await files.carrara("verify", "sgx/evidence.bin", ...bad);
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
    const file = await files.put("strict.json", JSON.stringify(policy));
    const args = ["verify", "sgx/evidence.bin", ...offline("sgx"), "-i", "--policy", file];
    const codes = [
      "POLICY_TCB_EVALUATION_NUMBER",
      "POLICY_REPORT_DATA",
      "POLICY_ISV_PROD_ID",
      "POLICY_ISV_SVN",
    ];
    const text = await files.carrara(...args);
    expect(text.code).toBe(3);
    expect(text.stdout.split("\n")[0]).toBe(`NOT TRUSTED: ${codes.join(", ")}`);
    for (const code of codes) expect(text.stdout).toMatch(new RegExp(`^  ${code} +\\S`, "m"));
    expect(text.stdout).toContain("product id is 3, 4 needed");
    expect(text.stderr).toMatch(
      /^SIMULATION: .*\nError: POLICY_TCB_EVALUATION_NUMBER: refused by policy: [a-z].*, POLICY_ISV_SVN \(.*\)\n$/,
    );
    const json = await files.carrara(...args, "--json");
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
    const file = await files.put("exact.json", JSON.stringify(policy));
    const good = await files.carrara(
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
    const other = await files.carrara(
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
    const file = await files.put("wrong.json", text);
    const { code, stderr } = await files.carrara(
      "verify",
      "sgx/evidence.bin",
      "-i",
      "--policy",
      file,
    );
    expect(code).toBe(1);
    expect(stderr).toContain(message);
  });

  test("says who gave no collateral, why, and what to do about it", async () => {
    const args = ["verify", "sgx/evidence.bin", "-i", "--pccs"];
    const { code, stderr } = await files.carrara(...args, "http://127.0.0.1:1/key-in-the-path/");
    expect(code).toBe(4);
    expect(stderr).toBe(
      "Error: COLLATERAL_UNAVAILABLE: 127.0.0.1:1 gave no collateral: the service cannot be reached: bad port; give it with --collateral FILE, or name a service with --pccs URL\n",
    );
  });

  test("names the certificate or the list that has expired", async () => {
    const args = ["verify", "sgx/evidence.bin", ...offline("sgx"), "-i", "--at"];
    const { stderr } = await files.carrara(...args, "2032-01-01T00:00:00Z");
    expect(stderr).toMatch(/^Error: CERT_EXPIRED: "SIMULATION SGX Root CA" was valid until 20/);
    const scenario = { issuedAt: { pckCrl: new Date(Date.now() - 60 * 86_400_000) } };
    await files.add("stale", { tee: "sgx", scenario });
    const stale = ["verify", "stale/evidence.bin", "--collateral", "stale/collateral.json", "-i"];
    expect((await files.carrara(...stale)).stderr).toMatch(
      /^Error: CRL_EXPIRED: revocation list of "SIMULATION SGX PCK Platform CA" was due again 20/,
    );
  });

  test("writes the same warnings into an attestation result", async () => {
    const longer = await files.put(
      "longer.bin",
      concatBytes(files.evidenceOf("sgx"), new Uint8Array(3)),
    );
    const { stdout } = await files.carrara("verify", longer, ...offline("sgx"), "-i", "--ear");
    expect(JSON.parse(stdout)).toMatchObject({
      submods: { sgx: { "carrara.evidence": { warnings: ["TRAILING_BYTES"] } } },
    });
  });

  test("takes the statuses and advisories of the options, but not beside a policy", async () => {
    const scenario = { tcbStatus: "SWHardeningNeeded", advisoryIds: ["INTEL-SA-00615"] } as const;
    await files.add("soft", { tee: "sgx", scenario });
    const verify = async (...args: string[]): Promise<Transcript> =>
      await files.carrara(
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
    const file = await files.put("both.json", "{}");
    expect(await verify("--policy", file, ...advisories)).toMatchObject({ code: 2 });
  });
});
