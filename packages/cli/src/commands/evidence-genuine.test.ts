import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { EMPTY_BUNDLE, encodeCollateralBundle } from "@carrara/tee";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runCli, type Transcript } from "../testing/run-cli.ts";

const VECTORS = fileURLToPath(new URL("../../../../../shared/vectors/", import.meta.url));

interface Case {
  readonly id: string;
  readonly kind: string;
  readonly quote?: string;
  readonly report?: string;
  readonly vek?: string;
  readonly chain?: string;
  readonly certificate?: string;
  readonly evidence?: string;
  readonly collateral?: string;
  readonly time: number;
  readonly mutate?: unknown;
  readonly expected: {
    /** Of evidence that can be read and not verified. */
    readonly parse?: { readonly header: object; readonly measurements: object };
    readonly header?: object;
    readonly measurements?: object;
    readonly pck?: object;
    readonly claims?: { readonly measurement: string; readonly reportData: string };
    readonly vek?: object;
    readonly warnings?: readonly string[];
    readonly otherClaims?: readonly string[];
    readonly quote?: { readonly measurements: object };
    readonly hcl?: object;
    readonly verify: {
      readonly ok: boolean;
      readonly status?: string;
      readonly advisoryIds?: readonly string[];
      readonly errorAnyOf?: readonly string[];
    };
    readonly defaultPolicy?: { readonly accept: boolean; readonly violations: readonly string[] };
  };
}

function casesOf(...kinds: readonly string[]): readonly Case[] {
  if (!existsSync(VECTORS)) return [];
  const index = JSON.parse(readFileSync(join(VECTORS, "INDEX.json"), "utf8")) as {
    readonly cases: readonly Case[];
  };
  return index.cases.filter(({ kind, mutate }) => kinds.includes(kind) && mutate === undefined);
}

const named = (cases: readonly Case[]): [string, Case][] => cases.map((one) => [one.id, one]);
const bytesOf = (file = ""): Uint8Array => new Uint8Array(readFileSync(join(VECTORS, file)));
const pathOf = (file = ""): string => join(VECTORS, file);

let dir = "";
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "carrara-genuine-"));
});
afterAll(async () => {
  await rm(dir, { recursive: true });
});

const evidence = async (
  ...args: string[]
): Promise<Transcript & { readonly document: Document }> => {
  const transcript = await runCli(["evidence", ...args, "--json"], { cwd: dir });
  return { ...transcript, document: JSON.parse(transcript.stdout) as Document };
};

async function bundleOf(id: string, vek: Uint8Array, chain: string | undefined): Promise<string> {
  const chains = [new TextDecoder().decode(bytesOf(chain))];
  const file = join(dir, `${id}.json`);
  await writeFile(file, encodeCollateralBundle({ ...EMPTY_BUNDLE, veks: [vek], chains }));
  return file;
}

interface Document {
  readonly [name: string]: unknown;
  readonly violations?: readonly { readonly code: string }[];
  readonly error?: { readonly code: string };
}

// These read ../shared/vectors, which a copy of this repository alone does not have.
describe.skipIf(!existsSync(VECTORS))(
  "genuine evidence (skipped without ../shared/vectors)",
  () => {
    test.each(named(casesOf("sgx-dcap", "tdx-dcap")))("quote %s is shown", async (_, one) => {
      const { code, document } = await evidence("show", pathOf(one.quote));
      const { header, measurements, pck } = { ...one.expected, ...one.expected.parse };
      expect({ code, verified: document["verified"] }).toEqual({ code: 0, verified: false });
      const { version, teeType, userData, certDataType } = header as Record<string, unknown>;
      expect(document).toMatchObject({
        header: { version, teeType, userData },
        certification: { certDataType },
      });
      expect(document["body"]).toMatchObject(known(measurements, document["body"]));
      if (pck !== undefined) expect(document["pck"]).toMatchObject(known(pck, document["pck"]));
    });

    test.each(named(casesOf("sgx-dcap", "tdx-dcap").filter((one) => one.collateral !== undefined)))(
      "quote %s has the verdict of its vector",
      async (_, { quote, collateral, time, expected }) => {
        const { code, document, stderr } = await evidence(
          ...["verify", pathOf(quote), "--collateral", pathOf(collateral), "--at", String(time)],
        );
        const { ok, status, advisoryIds = [], errorAnyOf = [] } = expected.verify;
        const { accept = false, violations = [] } = expected.defaultPolicy ?? {};
        expect(code).toBe(accept ? 0 : 3);
        if (!ok) {
          expect(document).toMatchObject({ verdict: "refused", verified: false });
          expect(errorAnyOf).toContain(document.error?.code);
          return;
        }
        expect(Object.keys(document)[0]).toBe("assurance");
        expect(document).toMatchObject({ assurance: "hardware", verified: true, status });
        expect(document["platform"]).toMatchObject({
          trustAnchor: "Intel SGX Root CA",
          advisoryIds,
        });
        expect(document.violations?.map((violation) => violation.code).sort()).toEqual(
          [...violations].sort(),
        );
        expect(stderr).toMatch(accept ? /^$/ : /^Error: POLICY_/);
      },
    );

    test.each(
      named(
        casesOf("sgx-dcap", "tdx-dcap").filter(
          ({ collateral, expected }) => collateral !== undefined && expected.verify.ok,
        ),
      ),
    )("quote %s finds its collateral among all", async (_, { quote, time, expected }) => {
      const { document, stderr } = await evidence(
        ...["verify", pathOf(quote), "--collateral", pathOf("collateral"), "--at", String(time)],
      );
      expect(document).toMatchObject({ verified: true, status: expected.verify.status });
      expect(stderr).not.toContain("Warning");
    });

    test("a SIGSTRUCT, a revocation list and collateral are said to be what they are", async () => {
      const wrong = await evidence("verify", pathOf("sgx/oasis.sigstruct.bin"));
      expect(wrong).toMatchObject({
        code: 1,
        document: { error: { code: "EVIDENCE_UNRECOGNISED" } },
      });
      expect(wrong.stderr).toContain(
        "a SIGSTRUCT, an enclave's signature; see carrara package-info",
      );
      const collateral = pathOf("collateral/sgx-00606a000000-2025-08.json");
      const { stderr } = await evidence("show", collateral);
      expect(stderr).toContain("the file holds collateral; give it with --collateral");
      const { pckCrl } = JSON.parse(readFileSync(collateral, "utf8")) as {
        readonly pckCrl: string;
      };
      await writeFile(join(dir, "list.hex"), pckCrl);
      expect((await evidence("verify", "list.hex")).stderr).toContain("holds a revocation list");
    });

    test.each(named(casesOf("snp")))("report %s is shown and verified", async (id, one) => {
      const { report, vek, chain, time, expected } = one;
      const shown = await evidence("show", pathOf(report));
      if (expected.claims !== undefined) {
        const { measurement, reportData } = expected.claims;
        expect(shown.document["guest"]).toMatchObject({ measurement, reportData });
      }
      const file = await bundleOf(id, bytesOf(vek), chain);
      const { code, document } = await evidence(
        ...["verify", pathOf(report), "--collateral", file, "--at", String(time)],
      );
      expect(code).toBe(expected.defaultPolicy?.accept === true ? 0 : 3);
      if (!expected.verify.ok) {
        expect(expected.verify.errorAnyOf).toContain(document.error?.code);
        return;
      }
      expect(document).toMatchObject({
        assurance: "hardware",
        status: null,
        platform: { revocation: "not checked, there was no list" },
        violations: expected.defaultPolicy?.violations.map((violation) => ({ code: violation })),
      });
      expect(Object.keys(document["warnings"] ?? {})).toEqual([
        ...(expected.warnings ?? []),
        "REVOCATION_NOT_CHECKED",
      ]);
    });

    test.each(named(casesOf("snp-vek")))("key %s is shown", async (_, { vek, expected }) => {
      const { document } = await evidence("show", pathOf(vek));
      const { structVersion, productName, tcb, hwId } = expected.vek as Record<string, unknown>;
      expect(document).toMatchObject({
        kind: "certificate",
        vek: { kind: "VCEK", structVersion, productName, tcb, hwId },
      });
    });

    test.each(named(casesOf("ra-tls")))("certificate %s is shown and verified", async (_, one) => {
      const { certificate, collateral, time, expected } = one;
      const { document } = await evidence("show", pathOf(certificate));
      expect(document).toMatchObject({ kind: "ra-tls", encoding: "pem" });
      const claims = (document["raTls"] as { readonly otherClaims: object }).otherClaims;
      expect(Object.keys(claims)).toEqual(expected.otherClaims);
      expect(document["body"]).toMatchObject(known(expected.quote?.measurements, document["body"]));
      const verdict = await evidence(
        ...[
          "verify",
          pathOf(certificate),
          "--collateral",
          pathOf(collateral),
          "--at",
          String(time),
        ],
        "--ignore-certificate-validity",
      );
      const { ok, status, errorAnyOf = [] } = expected.verify;
      if (ok) expect(verdict.document).toMatchObject({ assurance: "hardware", status });
      else expect(errorAnyOf).toContain(verdict.document.error?.code);
      expect(verdict.code).toBe(expected.defaultPolicy?.accept === true ? 0 : 3);
    });

    test.each(named(casesOf("azure-vtpm")))("HCL report of %s is shown", async (id, one) => {
      const { evidence: file, expected } = one;
      const parts = JSON.parse(readFileSync(pathOf(file), "utf8")) as Record<string, string>;
      const text = join(dir, `${id}.txt`);
      await writeFile(text, parts["hcl_report"] ?? "");
      const { document } = await evidence("show", text);
      const { reportType, hashType, version } = expected.hcl as Record<string, unknown>;
      expect(document).toMatchObject({
        kind: "azure-hcl",
        encoding: "base64",
        hcl: { reportType, hashType, version },
        variableData: { keys: expect.any(Array) },
      });
      if (parts["vcek"] !== undefined) {
        const file = await bundleOf(
          id,
          new Uint8Array(Buffer.from(parts["vcek"], "base64url")),
          one.chain,
        );
        const verdict = await evidence(
          ...["verify", text, "--collateral", file, "--at", String(one.time)],
        );
        expect(verdict.code).toBe(0);
        expect(verdict.document).toMatchObject({
          assurance: "hardware",
          expected: { reportData: "bound" },
          checks: { variableData: "report data has its hash", tpmQuote: "not asked for" },
        });
        return;
      }
      const verdict = await runCli(["evidence", "verify", text], { cwd: dir });
      expect(verdict).toMatchObject({ code: 1, stdout: "" });
      expect(verdict.stderr).toContain("Error: EVIDENCE_UNREADABLE: ");
      const quote = join(dir, `${id}.quote`);
      await writeFile(quote, parts["td_quote"] ?? "");
      const { mrTd, rtMr0, reportData } = (await evidence("show", quote)).document[
        "body"
      ] as Record<string, unknown>;
      expect(document["body"]).toMatchObject({ mrTd, rtMr0, reportData });
    });
  },
);

/** The members of `expected` that are shown under the same name. */
function known(expected: object | undefined, shown: unknown): object {
  const names = new Set(Object.keys(shown as object));
  const members = Object.entries(expected ?? {}).filter(([name]) => names.has(name));
  expect(members.length).toBeGreaterThan(5);
  return Object.fromEntries(members);
}
