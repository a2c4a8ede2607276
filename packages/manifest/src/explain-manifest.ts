import type { Action } from "./actions.ts";
import {
  describeAction,
  describePackage,
  describePlatform,
  describeSecret,
} from "./describe-entry.ts";
import { describeUpdateRule, grantsOf } from "./diff-access.ts";
import { describeRecoveryRule } from "./diff-config.ts";
import { describeLimit, describeTag } from "./diff-marbles.ts";
import type { Manifest, Marble } from "./manifest.ts";
import { isGranted, permissionsOf } from "./permissions.ts";
import { type SecretReferences, secretReferences } from "./secret-references.ts";
import { sealModeOf } from "./validate-config.ts";
import { countOf, listOf } from "./word-list.ts";

/** What a fact is about. */
export type FactKind =
  | "package"
  | "marble"
  | "secret"
  | "user"
  | "role"
  | "tls"
  | "update"
  | "recovery"
  | "config";

/** One thing a manifest allows or refuses, in words. */
export interface ManifestFact {
  readonly kind: FactKind;
  /** Name of the entry; empty where there is only one. */
  readonly subject: string;
  /** One or more sentences in English, for people. Never holds a value of a file or variable. */
  readonly sentence: string;
}

/**
 * Who can do what under a manifest: which code runs with which parameters and secrets, what each
 * user may read, write and change, who can update it and who can recover the state. Throws
 * `MANIFEST_USER_ROLE_UNKNOWN`, `MANIFEST_ROLE_ACTION`, `MANIFEST_SEAL_MODE` for a manifest that was
 * not validated.
 */
export function explainManifest(manifest: Manifest): readonly ManifestFact[] {
  const reached = new Map(
    [...manifest.marbles].map(([name, marble]) => [name, secretsReaching(manifest, marble)]),
  );
  return [
    ...explainPackages(manifest),
    ...[...manifest.marbles].map(([name, marble]) =>
      explainMarble(name, marble, reached.get(name) ?? NONE),
    ),
    ...explainTags(manifest),
    ...explainSecrets(manifest, reached),
    ...explainUsers(manifest),
    ...explainRoles(manifest),
    ...explainChanges(manifest),
    ...explainConfig(manifest),
  ];
}

const NONE: SecretReferences = { names: new Set(), any: false };

/** By templates, and by the certificates that its TLS tags name. */
function secretsReaching(manifest: Manifest, marble: Marble): SecretReferences {
  const { names, any } = secretReferences(marble);
  const certificates = marble.tls
    .flatMap((tag) => manifest.tls.get(tag)?.incoming ?? [])
    .flatMap(({ cert }) => (cert === "" ? [] : [cert]));
  return { names: new Set([...names, ...certificates]), any };
}

function explainPackages({ packages, marbles }: Manifest): readonly ManifestFact[] {
  const used = new Set([...marbles.values()].map((marble) => marble.package));
  return [...packages].map(([subject, pkg]) => {
    const use = used.has(subject) ? "" : " No Marble runs it.";
    const sentence = `Package ${subject} allows ${describePackage(pkg)}, on ${describePlatform(pkg)}.${use}`;
    return { kind: "package", subject, sentence };
  });
}

function explainMarble(
  subject: string,
  marble: Marble,
  { names, any }: SecretReferences,
): ManifestFact {
  const { files, env, argv } = marble.parameters;
  const secrets = any ? ["any secret of the manifest"] : [...names];
  const sentence = [
    `Marble ${subject} runs package ${marble.package}, ${describeLimit(marble)}.`,
    argv.length === 0 ? "" : `It gets ${countOf(argv.length, "argument")}.`,
    env.size === 0 ? "" : `It gets the variables ${listOf(env.keys())}.`,
    files.size === 0 ? "" : `It gets the files ${listOf(files.keys())}.`,
    secrets.length === 0 ? "No secret reaches it." : `It receives ${listOf(secrets)}.`,
    marble.tls.length === 0 ? "" : `Its connections are encrypted by ${listOf(marble.tls)}.`,
  ];
  return { kind: "marble", subject, sentence: sentence.filter((each) => each !== "").join(" ") };
}

function explainTags({ tls }: Manifest): readonly ManifestFact[] {
  return [...tls].map(([subject, tag]) => ({
    kind: "tls",
    subject,
    sentence: `TLS tag ${subject} means ${describeTag(tag)}.`,
  }));
}

function explainSecrets(
  manifest: Manifest,
  reached: ReadonlyMap<string, SecretReferences>,
): readonly ManifestFact[] {
  const usersWith = (action: Action, secret: string) =>
    [...manifest.users]
      .filter(([, user]) => isGranted(permissionsOf(manifest, user), action, [secret]))
      .map(([name]) => `user ${name}`);
  return [...manifest.secrets].map(([subject, definition]) => {
    const marbles = [...reached]
      .filter(([, { names, any }]) => any || names.has(subject))
      .map(([name]) => `Marble ${name}`);
    const readers = [...marbles, ...usersWith("readsecret", subject)];
    const writers = usersWith("writesecret", subject);
    const writing = writers.length > 0 ? ` It is written by ${listOf(writers)}.` : "";
    const unwritable =
      definition.userDefined && writers.length === 0 ? " Nobody may write it." : "";
    const reading = readers.length === 0 ? "Nobody reads it." : `It is read by ${listOf(readers)}.`;
    const sentence = `Secret ${subject} is a ${describeSecret(definition)}. ${reading}${writing}${unwritable}`;
    return { kind: "secret", subject, sentence };
  });
}

function explainUsers(manifest: Manifest): readonly ManifestFact[] {
  return [...manifest.users].map(([subject, user]) => {
    const grants = grantsOf(manifest, user);
    const may = grants.size === 0 ? "may do nothing" : `may ${listOf(grants)}`;
    return { kind: "user", subject, sentence: `User ${subject} ${may}.` };
  });
}

/** Roles nobody has: they allow nothing to anybody. */
function explainRoles({ roles, users }: Manifest): readonly ManifestFact[] {
  const held = new Set([...users.values()].flatMap((user) => user.roles));
  return [...roles.keys()]
    .filter((name) => !held.has(name))
    .map((subject) => ({ kind: "role", subject, sentence: `Role ${subject} belongs to nobody.` }));
}

function explainChanges(manifest: Manifest): readonly ManifestFact[] {
  const raisers = [...manifest.users].flatMap(([name, user]) =>
    [...(permissionsOf(manifest, user).get("updatesecurityversion") ?? [])].map(
      (pkg) => `user ${name} may ${describeAction("updatesecurityversion", pkg)}`,
    ),
  );
  const alone = raisers.length === 0 ? "" : ` Alone, ${listOf(raisers)}.`;
  return [
    { kind: "update", subject: "", sentence: `${describeUpdateRule(manifest)}${alone}` },
    { kind: "recovery", subject: "", sentence: describeRecoveryRule(manifest) },
  ];
}

const SEALING = {
  ProductKey:
    "The state is sealed to the Coordinator's signer and product: a newer build can open it.",
  UniqueKey: "The state is sealed to this very build of the Coordinator.",
  Disabled: "The state is kept in memory only and lost with the Coordinator.",
} as const;

function explainConfig(manifest: Manifest): readonly ManifestFact[] {
  const { featureGates, rotateRootSecret } = manifest.config;
  return [
    { kind: "config", subject: "SealMode", sentence: SEALING[sealModeOf(manifest)] },
    ...featureGates.map(
      (subject): ManifestFact => ({
        kind: "config",
        subject,
        sentence: `Feature ${subject} is turned on.`,
      }),
    ),
    ...(rotateRootSecret
      ? [
          {
            kind: "config",
            subject: "RotateRootSecret",
            sentence:
              "Each full update rotates the root secret, from which Marbles derive their keys.",
          } satisfies ManifestFact,
        ]
      : []),
  ];
}
