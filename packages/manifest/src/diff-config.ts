import { describeQuorum } from "./describe-entry.ts";
import type { Manifest } from "./manifest.ts";
import { changesOf, compareMaps, type ManifestChange } from "./manifest-change.ts";
import { isRecoveryChanged, neededRecoveryKeys } from "./update-rules.ts";
import { sealModeOf } from "./validate-config.ts";
import { listOf } from "./word-list.ts";

/** Who can recover the state after the update. */
export function diffRecovery(before: Manifest, after: Manifest): readonly ManifestChange[] {
  const { added, removed, changed, follows } = changesOf("recovery");
  const difference = compareMaps(before.recoveryKeys, after.recoveryKeys);
  const rule =
    neededRecoveryKeys(before) === neededRecoveryKeys(after)
      ? []
      : [changed("", `${describeRecoveryRule(after)} Before: ${describeRecoveryRule(before)}`)];
  const secrets =
    after.recoveryKeys.size === 0
      ? "The old recovery secrets no longer work, and there are no new ones."
      : "New recovery secrets are made for whoever completes the update; the old ones no longer work.";
  return [
    ...difference.removed.map(([name]) => removed(name, `Recovery key ${name} is removed.`)),
    ...difference.added.map(([name]) => added(name, `Recovery key ${name} is new.`)),
    ...difference.common
      .filter(([, old, key]) => old !== key)
      .map(([name]) => changed(name, `Recovery key ${name} is another key.`)),
    ...rule,
    ...(isRecoveryChanged(before, after) ? [follows("", secrets)] : []),
  ];
}

/** How many recovery keys restore a state, as a sentence. */
export function describeRecoveryRule(manifest: Manifest): string {
  const { size } = manifest.recoveryKeys;
  if (size === 0) return "Nobody can recover a state that cannot be unsealed.";
  const quorum = describeQuorum(neededRecoveryKeys(manifest), size, "recovery key");
  return `Recovering the state needs ${quorum}: ${listOf(manifest.recoveryKeys.keys())}.`;
}

/** Seal mode, feature gates and the root secret. Throws `MANIFEST_SEAL_MODE`. */
export function diffConfig(before: Manifest, after: Manifest): readonly ManifestChange[] {
  const { added, removed, changed, follows } = changesOf("config");
  const [had, has] = [sealModeOf(before), sealModeOf(after)];
  const gates = (manifest: Manifest) =>
    new Map(manifest.config.featureGates.map((gate) => [gate.toLowerCase(), gate]));
  const difference = compareMaps(gates(before), gates(after));
  const rotation =
    "The root secret is rotated: keys that Marbles derive change, the old ones stay readable as previous.";
  return [
    ...(had === has ? [] : [changed("SealMode", `The seal mode is ${has} instead of ${had}.`)]),
    ...difference.removed.map(([, gate]) => removed(gate, `Feature ${gate} is turned off.`)),
    ...difference.added.map(([, gate]) => added(gate, `Feature ${gate} is turned on.`)),
    ...(after.config.rotateRootSecret ? [follows("RotateRootSecret", rotation)] : []),
    ...(before.config.rotateRootSecret === after.config.rotateRootSecret
      ? []
      : [
          changed(
            "RotateRootSecret",
            `Later updates ${after.config.rotateRootSecret ? "rotate" : "no longer rotate"} the root secret.`,
          ),
        ]),
  ];
}
