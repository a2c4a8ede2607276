import { existsSync } from "node:fs";
import type { DcapCollateral } from "@carrara/attestation";
import { beforeAll, describe, expect, test } from "vitest";
import { loadInput } from "./dcap-case.ts";
import type { ExpectedVerdict, IndexCase } from "./index-case.ts";
import { PHALA, phalaVerify } from "./phala.ts";
import { fileReader } from "./run-index-file.ts";
import { readIndexCases, VECTOR_INDEX } from "./vectors.ts";

/** What `docs/attestation.md` says of the peer, which is pinned: a new version needs a new table. */
const ACCEPTS_BUT_MUST_NOT = [
  ...["sgx-mobilecoin-crl-expired", "neg-tdx4-outer-cert-type-5"],
  ...["neg-tdx4-pck-crl-empty", "neg-tdx4-root-crl-empty", "neg-tdx4-pck-crl-signature"],
  ...["neg-tdx4-root-crl-signature", "neg-tdx4-crl-of-other-ca", "neg-tdx4-crl-expired"],
  ...["neg-sgx3-pck-crl-empty", "neg-sgx3-root-crl-empty"],
  ...["neg-sgx3-pck-crl-signature", "neg-sgx3-root-crl-signature"],
];
const REFUSES_OR_GIVES_ANOTHER_STATUS = [
  ...["sgx-automata-debug-enclave", "tdx-cos113-module-svn-skip", "tdx-openenclave-relaunch"],
  ...["tdx-openenclave-v5-out-of-date", "tdx-alibaba-service-td", "tdx-trustee-debug-td"],
  "tdx-azure-out-of-date",
];
const COMPARED = 84;

interface Comparison {
  readonly id: string;
  /** Status and advisories, or undefined for a refusal. */
  readonly wanted: string | undefined;
  readonly had: string | undefined;
}

/** Quotes with collateral under Intel's root, the only one that the peer knows. */
async function compareAll(): Promise<Comparison[]> {
  const cases = readIndexCases();
  const read = fileReader(VECTOR_INDEX);
  const comparisons: Comparison[] = [];
  for (const item of cases) {
    if (!item.kind.endsWith("-dcap") || item.collateral === undefined) continue;
    const input = await loadInput(item, read);
    if (input.anchor !== item.trustAnchor) continue;
    const collateral = input.collateral as unknown as DcapCollateral;
    const quote = { quote: input.bytes, collateral, nowSeconds: input.time };
    comparisons.push({ id: item.id, wanted: wantedOf(item, cases), had: verdictOf(quote) });
  }
  return comparisons;
}

function wantedOf({ expected }: IndexCase, cases: readonly IndexCase[]): string | undefined {
  const same = cases.find(({ id }) => id === expected.verify?.sameAs);
  const verdict = (same?.expected ?? expected).verify as
    | (ExpectedVerdict & { status?: string; advisoryIds?: readonly string[] })
    | undefined;
  return verdict?.ok === true ? text(verdict.status ?? "", verdict.advisoryIds ?? []) : undefined;
}

function verdictOf(quote: Parameters<typeof phalaVerify>[0]): string | undefined {
  try {
    const { status, advisory_ids } = phalaVerify(quote)();
    return text(status, advisory_ids);
  } catch {
    return undefined;
  }
}

function text(status: string, advisories: readonly string[]): string {
  return [status, ...[...advisories].sort()].join(" ");
}

describe.skipIf(!existsSync(VECTOR_INDEX))(
  `what ${PHALA} says of the same quotes (skipped without ../shared/vectors)`,
  () => {
    let comparisons: Comparison[] = [];

    beforeAll(async () => {
      comparisons = await compareAll();
    });

    test("is the expected verdict on most of them", () => {
      const differing = comparisons.filter(({ wanted, had }) => wanted !== had);
      expect(comparisons).toHaveLength(COMPARED);
      expect(differing).toHaveLength(
        ACCEPTS_BUT_MUST_NOT.length + REFUSES_OR_GIVES_ANOTHER_STATUS.length,
      );
    });

    test("accepts what must be refused, revocation lists above all", () => {
      const accepted = comparisons.filter(
        ({ wanted, had }) => wanted === undefined && had !== wanted,
      );
      expect(accepted.map(({ id }) => id).sort()).toEqual([...ACCEPTS_BUT_MUST_NOT].sort());
    });

    test("refuses what is genuine, or gives it another status", () => {
      const wrong = comparisons.filter(({ wanted, had }) => wanted !== undefined && had !== wanted);
      expect(wrong.map(({ id }) => id).sort()).toEqual([...REFUSES_OR_GIVES_ANOTHER_STATUS].sort());
    });
  },
);
