import { expect, test } from "vitest";
import { createWorld } from "./create-world.ts";
import { fuzz } from "./fuzz.ts";
import { keepFindings } from "./keep-findings.ts";
import { findingsOf } from "./report.ts";

const SEED = 20_260_601;
/** A part of the million that `npm run fuzz` takes minutes for, when other tests run beside it. */
const PARSER_RUNS = 150_000;
const VERIFIER_RUNS = 10_000;
const LIMIT_MS = 600_000;

test(
  "no mutated input crashes or stalls a parser, and none that differs in what is signed verifies",
  async () => {
    const world = await createWorld();
    const reports = await fuzz({
      world,
      seed: SEED,
      parserRuns: PARSER_RUNS,
      verifierRuns: VERIFIER_RUNS,
    });
    expect(keepFindings(findingsOf(reports), world).join("\n\n")).toBe("");
    const runs = (kind: "parser" | "verifier"): number =>
      reports.filter((report) => report.kind === kind).reduce((sum, one) => sum + one.runs, 0);
    expect([runs("parser"), runs("verifier")]).toEqual([PARSER_RUNS, VERIFIER_RUNS]);
    // A target that takes everything or nothing is one whose mutants are of no use.
    const useless = reports.filter(
      ({ kind, accepted, refused }) => refused === 0 || (kind === "parser" && accepted === 0),
    );
    expect(useless.map(({ name }) => name)).toEqual([]);
  },
  LIMIT_MS,
);
