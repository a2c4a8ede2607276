import pc from "picocolors";
import type { CliIo } from "./cli-io.ts";

/** What a result rests on; `unknown` when a certificate cache of another program says nothing. */
export type ResultAssurance = "hardware" | "simulation" | "none" | "unknown";

const BANNER: Readonly<Record<ResultAssurance, string | undefined>> = {
  hardware: undefined,
  simulation: "SIMULATION: not protected by hardware",
  none: "NOT ATTESTED: the Coordinator sent no evidence and was taken at its word",
  unknown: undefined,
};

/** Says on standard error that a result does not rest on hardware. Nothing turns it off. */
export function showAssurance(io: CliIo, assurance: ResultAssurance): void {
  const banner = BANNER[assurance];
  if (banner === undefined) return;
  io.stderr(`${pc.createColors(io.interactive).yellow(banner)}\n`);
}
