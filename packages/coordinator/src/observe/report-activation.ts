import type { ActivationReq } from "@carrara/marble";
import type { Deployment } from "../core/deployment.ts";
import { canonicalUuid } from "../core/uuid.ts";
import { CoordinatorError } from "../error.ts";
import type { Telemetry } from "./telemetry.ts";

/** Counts a granted activation and adds it to the events. */
export function reportActivation({ metrics, events }: Telemetry, request: ActivationReq): void {
  const { MarbleType: marbleType, UUID, Quote: quote } = request;
  const uuid = canonicalUuid(UUID);
  metrics?.activations.succeeded({ type: marbleType, uuid });
  events?.add({ marbleType, uuid, quote });
}

/** Counts a refused activation; of its names only those that are known become labels. */
export function reportRefusal(
  { metrics }: Telemetry,
  deployment: Deployment | undefined,
  { MarbleType, UUID }: ActivationReq,
  code: string,
): void {
  if (metrics === undefined) return;
  const known = deployment?.manifest.marbles.has(MarbleType) ?? false;
  const knownType = known ? MarbleType : undefined;
  metrics.activations.refused({ knownType, uuid: readableUuid(UUID) }, code);
}

/** The canonical form, or nothing for what is no UUID. */
function readableUuid(text: string): string {
  try {
    return canonicalUuid(text);
  } catch (error) {
    if (error instanceof CoordinatorError) return "";
    throw error;
  }
}
