import { beforeAll, describe, expect, test } from "vitest";
import { FOREIGN_MEMORY } from "../testing/foreign-memory.ts";
import { codeOf } from "../testing/verify-code.ts";
import { CERT_TABLE_GUID, encodeCertTable } from "./cert-table.ts";
import {
  createTestSnpKeys,
  createTestSnpPlatform,
  type TestSnpPlatform,
} from "./testing/test-snp-platform.ts";
import { createSnpVerifier, type SnpVerification } from "./verifier.ts";

let milan: TestSnpPlatform;

beforeAll(async () => {
  milan = await createTestSnpPlatform(await createTestSnpKeys());
});

/** An input whose bytes are its own, with the certificates given one by one. */
async function separate(): Promise<Required<Omit<SnpVerification, "certTable">>> {
  const { vek, chain, anchor, now } = milan;
  return {
    report: await milan.report(),
    vek: vek.slice(),
    chain,
    crl: await milan.crl([]),
    anchors: [{ ...anchor, spki: anchor.spki.slice(), certificate: anchor.certificate.slice() }],
    now: new Date(now),
  };
}

/** The same with the certificates in a table. */
async function tabled(): Promise<SnpVerification & { readonly certTable: Uint8Array }> {
  const { report, anchors, crl, now } = await separate();
  const certTable = encodeCertTable([
    { guid: CERT_TABLE_GUID.vcek, data: milan.vek },
    { guid: CERT_TABLE_GUID.ask, data: milan.intermediate },
    { guid: CERT_TABLE_GUID.ark, data: milan.ark },
  ]);
  return { report, certTable, anchors, crl, now };
}

describe.each(FOREIGN_MEMORY)(
  "memory that is %s is refused with VERIFIER_INPUT",
  (_, elsewhere) => {
    test.each(["report", "vek", "crl"] as const)("as %s", async (field) => {
      const input = await separate();
      const work = createSnpVerifier().verify({ ...input, [field]: elsewhere(input[field]) });
      expect(await codeOf(work)).toBe("VERIFIER_INPUT");
    });

    test("as certificate table", async () => {
      const input = await tabled();
      const work = createSnpVerifier().verify({ ...input, certTable: elsewhere(input.certTable) });
      expect(await codeOf(work)).toBe("VERIFIER_INPUT");
    });

    test.each(["spki", "certificate"] as const)("as an anchor's %s", async (field) => {
      const input = await separate();
      const anchors = input.anchors.map((anchor) => ({
        ...anchor,
        [field]: elsewhere(anchor[field]),
      }));
      expect(await codeOf(createSnpVerifier().verify({ ...input, anchors }))).toBe(
        "VERIFIER_INPUT",
      );
    });

    test("as a versioned key by itself", async () => {
      const input = await separate();
      const work = createSnpVerifier().verifyVek({ ...input, vek: elsewhere(input.vek) });
      expect(await codeOf(work)).toBe("VERIFIER_INPUT");
    });
  },
);

describe("what the caller does to its objects meanwhile has no effect:", () => {
  test.each<[string, (input: Awaited<ReturnType<typeof separate>>) => void]>([
    ["another report", ({ report }) => void report.fill(0)],
    ["another key", ({ vek }) => void vek.fill(0)],
    ["another list", ({ crl }) => void crl.fill(0)],
    ["another anchor", ({ anchors }) => anchors.forEach(({ spki }) => void spki.fill(0))],
    [
      "another root",
      ({ anchors }) => anchors.forEach(({ certificate }) => void certificate.fill(0)),
    ],
    ["another time", ({ now }) => void now.setTime(0)],
    ["no members", (input) => Object.assign(input, { chain: "", vek: undefined, anchors: [] })],
  ])("%s", async (_, change) => {
    const input = await separate();
    const work = createSnpVerifier().verify(input);
    change(input);
    const verified = await work;
    expect(verified).toMatchObject({ crlChecked: true, verifiedAt: milan.now });
    expect(verified.claims.reportedTcb).toEqual(milan.tcb);
  });

  test("another certificate table", async () => {
    const input = await tabled();
    const work = createSnpVerifier().verify(input);
    input.certTable.fill(0);
    expect(await codeOf(work)).toBe("accepted");
  });
});

test("what is handed out can be changed without an effect on the next result", async () => {
  const verifier = createSnpVerifier();
  const input = await separate();
  const first = await verifier.verify(input);
  const before = structuredClone(first.vek);
  Object.assign(first.vek.tcb, { snp: 255 });
  first.vek.notAfter.setTime(0);
  first.validUntil.setTime(0);
  const second = await verifier.verify(input);
  expect(second.vek).toEqual(before);
  expect(second.validUntil.getTime()).toBeGreaterThan(milan.now.getTime());
});
