import { EncodingError, fromBase64 } from "@carrara/encoding";
import { ClientError } from "../error.ts";
import type { Transport } from "../transport.ts";
import type { EvidenceBundle } from "./evidence-bundle.ts";

/** What a server says of a route that it does not know. */
const UNKNOWN_ROUTE = { status: 405, statusText: "Method Not Allowed", body: new Uint8Array(0) };

/**
 * Answers as the Coordinator did when the bundle was collected, and 405 to everything else. Rejects
 * with `EVIDENCE_BUNDLE_INVALID` for a body that is not base64. Reaches no network.
 */
export function createBundleTransport(bundle: Pick<EvidenceBundle, "coordinator">): Transport {
  return async ({ method, path }) => {
    const answer = bundle.coordinator.get(`${method} ${path}`);
    if (answer === undefined) return UNKNOWN_ROUTE;
    return { status: answer.status, statusText: "", body: decode(answer.body) };
  };
}

function decode(body: string): Uint8Array {
  try {
    return fromBase64(body);
  } catch (cause) {
    if (!(cause instanceof EncodingError)) throw cause;
    throw new ClientError("EVIDENCE_BUNDLE_INVALID", "evidence bundle: a body is not base64", {
      cause,
    });
  }
}
