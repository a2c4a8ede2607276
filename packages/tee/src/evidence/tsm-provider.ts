import type { TeeKind } from "@carrara/attestation";
import { TeeError } from "../error.ts";
import type { EvidenceOrigin } from "./evidence-files.ts";

/** What a guest driver attests. */
export type TsmTee = Exclude<TeeKind, "sgx">;

/** Emulators name themselves; neither kind of file system may speak with the other's names. */
const PROVIDERS: Readonly<Record<EvidenceOrigin, ReadonlyMap<string, TsmTee>>> = {
  hardware: new Map([
    ["tdx_guest", "tdx"],
    ["sev_guest", "snp"],
  ]),
  emulated: new Map([
    ["sim_tdx_guest", "tdx"],
    ["sim_sev_guest", "snp"],
  ]),
};

/**
 * The technology of the provider called `name` (attestation specification sections 7.2 and 7.5).
 * Throws `EVIDENCE_PROVIDER` for an unknown one, and for emulators on a hardware path.
 */
export function teeOfProvider(name: string, source: EvidenceOrigin): TsmTee {
  const tee = PROVIDERS[source].get(name);
  if (tee !== undefined) return tee;
  if (source === "hardware" && name.startsWith("sim_")) {
    const message = "the provider is an emulator, which has no place among hardware";
    throw new TeeError("EVIDENCE_PROVIDER", message);
  }
  const known = [...PROVIDERS[source].keys()].join(" or ");
  throw new TeeError("EVIDENCE_PROVIDER", `the provider is unknown, ${known} needed`);
}
