import {
  type SignedNote,
  TransparencyError,
  type VerifierKey,
  verifyNote,
} from "@carrara/transparency";

/** Keys that may sign checkpoints, by the origin of their log. */
export type TrustedLogs = ReadonlyMap<string, readonly VerifierKey[]>;

/** The logs of `keys`: a key speaks for the origin that it is named after. */
export function trustedLogsOf(keys: readonly VerifierKey[]): TrustedLogs {
  const logs = new Map<string, VerifierKey[]>();
  for (const key of keys) {
    if (key.type !== "ed25519") throw new TypeError("a log signs with a key of the type ed25519");
    logs.set(key.name, [...(logs.get(key.name) ?? []), key]);
  }
  return logs;
}

/** Whether a known key of the log `origin` has signed `note`. Signatures of others do not matter. */
export async function isSignedBy(
  logs: TrustedLogs,
  origin: string,
  note: SignedNote,
): Promise<boolean> {
  for (const key of logs.get(origin) ?? []) {
    try {
      await verifyNote(note, key);
      return true;
    } catch (cause) {
      if (!(cause instanceof TransparencyError)) throw cause;
    }
  }
  return false;
}
