import { ballotParserTargets, ballotVerifierTargets } from "./ballot-targets.ts";
import { evidenceTargets } from "./evidence-targets.ts";
import { parserTargets } from "./parsers.ts";
import type { Target } from "./target.ts";
import { verifierTargets } from "./verifiers.ts";
import { witnessTargets } from "./witness-targets.ts";
import type { FuzzWorld } from "./world.ts";

/** All targets, parsers first. */
export async function targetsOf(world: FuzzWorld): Promise<readonly Target[]> {
  return [
    ...(await parserTargets(world)),
    ...ballotParserTargets(world),
    ...evidenceTargets(),
    ...witnessTargets(world).filter(({ kind }) => kind === "parser"),
    ...verifierTargets(world),
    ...ballotVerifierTargets(world),
    ...witnessTargets(world).filter(({ kind }) => kind === "verifier"),
  ];
}
