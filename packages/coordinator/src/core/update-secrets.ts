import { type Manifest, type SecretDefinition, secretFates } from "@carrara/manifest";
import { parseCertificate } from "@carrara/pki";
import { generateSecret, type Secret, type SecretContext, unsetSecret } from "./secret.ts";
import type { MeshState, RunningState } from "./state.ts";

/** The parts of a state that hold secrets. */
export type SecretState = Pick<
  MeshState,
  "rootSecret" | "previousRootSecret" | "secrets" | "previousSecrets"
>;

/** Length of the root secret, in bytes. */
const ROOT_SECRET_BYTES = 32;

/** The value of a stored secret at its first appearance. Throws `SECRET_INVALID`. */
export async function initialSecret(
  name: string,
  definition: SecretDefinition,
  context: SecretContext,
): Promise<Secret> {
  return definition.userDefined
    ? unsetSecret(definition)
    : await generateSecret(name, definition, context);
}

/** Definitions whose values are stored: a Marble's own are made at each activation. */
export function storedDefinitions({
  secrets,
}: Pick<Manifest, "secrets">): readonly (readonly [string, SecretDefinition])[] {
  return [...secrets].filter(([, { shared, userDefined }]) => shared || userDefined);
}

/**
 * The secrets after a full update to `manifest` (section 6.5), with certificates by the authority of
 * `context`. Throws `SECRET_INVALID`.
 */
export async function secretsAfterUpdate(
  state: RunningState,
  manifest: Manifest,
  context: SecretContext,
): Promise<SecretState> {
  const fates = secretFates(state.deployment.manifest, manifest);
  const made = storedDefinitions(manifest).map(async ([name, definition]) => {
    const value = state.secrets.get(name);
    const fate = value === undefined ? "added" : fates.get(name);
    if (value === undefined || (fate !== "kept" && fate !== "renewed")) {
      const first = await initialSecret(name, definition, context);
      return { name, value: first, previous: first };
    }
    if (fate === "renewed") {
      return { name, value: await generateSecret(name, definition, context), previous: value };
    }
    return { name, value, previous: state.previousSecrets.get(name) ?? value };
  });
  const all = await Promise.all(made);
  return {
    ...rootSecretsAfterUpdate(state, manifest, context),
    secrets: new Map(all.map(({ name, value }) => [name, value])),
    previousSecrets: new Map(all.map(({ name, previous }) => [name, previous])),
  };
}

function rootSecretsAfterUpdate(
  { rootSecret, previousRootSecret }: MeshState,
  { config }: Manifest,
  { randomBytes }: SecretContext,
): Pick<MeshState, "rootSecret" | "previousRootSecret"> {
  return config.rotateRootSecret
    ? { rootSecret: randomBytes(ROOT_SECRET_BYTES), previousRootSecret: rootSecret }
    : { rootSecret, previousRootSecret };
}

/**
 * The secrets after a package update: shared certificates are issued anew until their old end,
 * everything else stays, the previous values too. Throws `SECRET_INVALID`.
 */
export async function secretsAfterPackageUpdate(
  { deployment, secrets }: RunningState,
  context: SecretContext,
): Promise<ReadonlyMap<string, Secret>> {
  const renewed = storedDefinitions(deployment.manifest).map(async ([name, definition]) => {
    const old = secrets.get(name);
    const stays = definition.userDefined || !definition.type.startsWith("cert-");
    if (stays || old === undefined) return [];
    return [[name, await reissue(name, definition, old, context)] as const];
  });
  return new Map([...secrets, ...(await Promise.all(renewed)).flat()]);
}

async function reissue(
  name: string,
  definition: SecretDefinition,
  old: Secret,
  context: SecretContext,
): Promise<Secret> {
  const end = old.cert === undefined ? undefined : parseCertificate(old.cert).notAfter;
  // One that has ended would be of no use if made again with the same end.
  if (end === undefined || end <= context.now) {
    return await generateSecret(name, definition, context);
  }
  const cert = { ...definition.cert, notAfter: end };
  const issued = await generateSecret(name, { ...definition, cert }, context);
  return { ...issued, validFor: old.validFor };
}
