import type { Assurance } from "./trust-anchor.ts";

declare const HARDWARE: unique symbol;

/** Evidence that verified under a vendor's own root. Only a verifier makes one (section 8.4). */
export type HardwareVerified<T> = T & {
  readonly assurance: "hardware";
  readonly [HARDWARE]: true;
};

/** Evidence that verified under any other root: real bytes, no protection. */
export type SimulationVerified<T> = T & { readonly assurance: "simulation" };

/** Verified evidence; what needs hardware takes {@link HardwareVerified} and cannot be handed the other. */
export type Verified<T> = HardwareVerified<T> | SimulationVerified<T>;

/** Marks what a verifier found with what it rests on. For verifiers alone; no index exports it. */
export function markVerified<T extends object>(assurance: Assurance, claims: T): Verified<T> {
  // First, for who reads it as JSON, and last, so that no claim can take its place.
  return Object.assign({ assurance }, claims, { assurance }) as unknown as Verified<T>;
}

/** Whether `verified` rests on hardware; narrows the type. */
export function isHardware<T>(verified: Verified<T>): verified is HardwareVerified<T> {
  return verified.assurance === "hardware";
}
