import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encodePem, parsePem } from "@carrara/encoding";
import {
  type CollateralBundle,
  MAX_BUNDLE_BYTES,
  type PlatformScenario,
  parseCollateralBundle,
} from "@carrara/tee";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runCli, type Transcript } from "../testing/run-cli.ts";
import { createSimulatedEvidence, type SimulatedEvidence } from "../testing/simulated-evidence.ts";

const SNP_REPORT_BYTES = 1184;
const BANNER = "SIMULATION: not protected by hardware\n";
/** Machines whose collateral lies side by side. */
const CHIPS: Readonly<Record<string, Partial<PlatformScenario>>> = {
  milan: {},
  lent: { snpKey: "VLEK" },
  genoa: { product: "Genoa" },
};

let dir = "";
const machines = new Map<string, SimulatedEvidence>();

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "carrara-collateral-"));
  const chips = Object.entries(CHIPS).map(async ([name, scenario]) => {
    machines.set(
      name,
      await createSimulatedEvidence({ tee: "snp", dir: join(dir, name), scenario }),
    );
  });
  const sgx = createSimulatedEvidence({ tee: "sgx", dir: join(dir, "sgx") });
  machines.set("sgx", await sgx);
  await Promise.all(chips);
});
afterAll(async () => {
  await Promise.all([...machines.values()].map(async (machine) => await machine.close()));
  await rm(dir, { recursive: true });
});

const verify = async (...args: string[]): Promise<Transcript> =>
  await runCli(["evidence", "verify", ...args, "-i"], { cwd: dir });

async function bundleOf(name: string): Promise<CollateralBundle> {
  return parseCollateralBundle(await readFile(join(dir, name, "collateral.json")));
}

/** The items of all chips as files of their own, in the forms that tools write. */
async function putApart(folder: string): Promise<void> {
  await mkdir(join(dir, folder));
  const put = async (name: string, content: Uint8Array | string): Promise<void> =>
    await writeFile(join(dir, folder, name), content);
  for (const name of Object.keys(CHIPS)) {
    const { veks, chains, crls } = await bundleOf(name);
    await put(`${name}.crt`, veks[0] ?? "");
    await put(`${name}-chain`, chains[0] ?? "");
    const [list] = crls;
    if (list !== undefined) await put(`${name}-${list.key}`, encodePem("X509 CRL", list.crl));
  }
}

describe("collateral in a directory", () => {
  test("of several products and kinds of keys is each found by its own report", async () => {
    await putApart("chips");
    for (const [name, { product = "Milan", snpKey = "VCEK" }] of Object.entries(CHIPS)) {
      const report = (machines.get(name)?.evidence ?? new Uint8Array()).subarray(
        0,
        SNP_REPORT_BYTES,
      );
      await writeFile(join(dir, "report.bin"), report);
      const { code, stdout, stderr } = await verify("report.bin", "--collateral", "chips");
      expect({ code, stderr }).toEqual({ code: 0, stderr: BANNER });
      expect(stdout).toMatch(new RegExp(`^ {2}product +${product}$`, "m"));
      expect(stdout).toMatch(new RegExp(`^ {2}signingKey +${snpKey}$`, "m"));
      expect(stdout).toMatch(/^ {2}revocation +checked$/m);
    }
  });

  test("of another kind of key is no chain for the key that came with the evidence", async () => {
    await mkdir(join(dir, "asvk"));
    const { chains } = await bundleOf("lent");
    await writeFile(join(dir, "asvk", "chain.pem"), chains[0] ?? "");
    const { code } = await verify("milan/evidence.bin", "--collateral", "asvk");
    expect(code).toBe(0);
  });

  test("that is none is passed over, and named with the reason", async () => {
    await mkdir(join(dir, "mixed"));
    const good = await readFile(join(dir, "sgx", "collateral.json"));
    await writeFile(join(dir, "mixed", "dcap"), good);
    await writeFile(join(dir, "mixed", "notes.txt"), "hello");
    await writeFile(join(dir, "mixed", "half.json"), good.subarray(0, 900));
    const { code, stderr } = await verify("sgx/evidence.bin", "--collateral", "mixed");
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: `Warning: mixed/half.json is passed over: the document is no collateral bundle: not JSON
Warning: mixed/notes.txt is passed over: it is no collateral: neither json, der, pem nor hex
${BANNER}`,
    });
  });

  test("of one platform several times is the latest that is valid", async () => {
    await mkdir(join(dir, "ages"));
    const text = await readFile(join(dir, "sgx", "collateral.json"), "utf8");
    const collateral = JSON.parse(text) as { readonly tcbInfo: string };
    const dated = (member: string): string =>
      JSON.stringify({
        ...collateral,
        tcbInfo: collateral.tcbInfo.replace(
          new RegExp(`("${member}":)"[^"]+"`),
          '$1"2031-01-01T00:00:00Z"',
        ),
      });
    await writeFile(join(dir, "ages", "now"), text);
    // Not signed so: whoever takes it is refused.
    await writeFile(join(dir, "ages", "later"), dated("issueDate"));
    expect(await verify("sgx/evidence.bin", "--collateral", "ages")).toMatchObject({ code: 0 });
    await writeFile(join(dir, "ages", "longer"), dated("nextUpdate"));
    const at = ["--at", "2030-12-31T00:00:00Z"];
    const { code } = await verify("sgx/evidence.bin", "--collateral", "ages", ...at);
    expect(code).toBe(3);
  });

  test("of other platforms alone is not enough, and says for what", async () => {
    const { code, stderr } = await verify("sgx/evidence.bin", "--collateral", "chips");
    expect(code).toBe(4);
    expect(stderr).toMatch(
      /^Error: COLLATERAL_UNAVAILABLE: chips has no collateral of sgx platforms of fmspc [0-9a-f]{12} \((?:platform|processor) ca\); name another/,
    );
  });
});

describe("collateral that is named", () => {
  test("may be a certificate alone", async () => {
    const { veks, chains } = await bundleOf("milan");
    const [issuer, root] = parsePem(chains[0] ?? "").map(({ bytes }) => bytes);
    const all = [veks[0], issuer, root].map((der) =>
      encodePem("CERTIFICATE", der ?? new Uint8Array()),
    );
    await writeFile(join(dir, "all.pem"), all.join(""));
    const report = (machines.get("milan")?.evidence ?? new Uint8Array()).subarray(0, 1184);
    await writeFile(join(dir, "alone.bin"), report);
    expect(await verify("alone.bin", "--collateral", "all.pem")).toMatchObject({ code: 0 });
  });

  test.each<[string, Uint8Array | string, string]>([
    ["no collateral", "hello", "it is no collateral: neither json, der, pem nor hex"],
    ["a document of something else", "{}", "tcbInfo is missing or not what it should be"],
    [
      "too large",
      new Uint8Array(MAX_BUNDLE_BYTES + 1),
      `the file has ${MAX_BUNDLE_BYTES + 1} bytes, ${MAX_BUNDLE_BYTES} allowed`,
    ],
  ])("and is %s is refused with its name and the reason", async (_, content, reason) => {
    await writeFile(join(dir, "odd"), content);
    const { code, stderr } = await verify("sgx/evidence.bin", "--collateral", "odd");
    expect(code).toBe(1);
    expect(stderr).toMatch(/^Error: COLLATERAL_INVALID: odd cannot be used: /);
    expect(stderr).toContain(reason);
  });
});
