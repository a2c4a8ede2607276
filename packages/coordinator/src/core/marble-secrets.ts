import { randomUUID } from "node:crypto";
import type { Manifest } from "@carrara/manifest";
import {
  generateMarbleSecret,
  type MarbleIdentity,
  type Secret,
  type SecretContext,
} from "./secret.ts";
import type { RunningState } from "./state.ts";

/** The secrets one Marble sees: now, and before the last rotation (section 6.2). */
export interface MarbleSecrets {
  readonly current: ReadonlyMap<string, Secret>;
  readonly previous: ReadonlyMap<string, Secret>;
}

/**
 * The stored secrets with this Marble's own ones over them. Its certificates are made once and seen
 * in both tables, because a fresh certificate has no previous value.
 * Throws `SECRET_INVALID`.
 */
export async function secretsOfMarble(
  state: RunningState,
  identity: Omit<MarbleIdentity, "rootSecret">,
  context: SecretContext,
): Promise<MarbleSecrets> {
  const { manifest } = state.deployment;
  const own = await ownSecrets(manifest, { ...identity, rootSecret: state.rootSecret }, context);
  const previousRootSecret = state.previousRootSecret ?? state.rootSecret;
  const keysOnly = new Map(
    [...manifest.secrets].filter(([, { type }]) => type === "symmetric-key"),
  );
  const before =
    state.previousRootSecret === undefined
      ? own
      : await ownSecrets(
          { secrets: keysOnly },
          { ...identity, rootSecret: previousRootSecret },
          context,
        );
  return {
    current: new Map([...state.secrets, ...own]),
    previous: new Map([...state.previousSecrets, ...own, ...before]),
  };
}

/** One Marble's own secrets: all that are neither shared nor user-defined. */
async function ownSecrets(
  { secrets }: Pick<Manifest, "secrets">,
  identity: MarbleIdentity,
  context: SecretContext,
): Promise<ReadonlyMap<string, Secret>> {
  const definitions = [...secrets].filter(([, { shared, userDefined }]) => !shared && !userDefined);
  const made = definitions.map(
    async ([name, definition]) =>
      [name, await generateMarbleSecret(name, definition, identity, context)] as const,
  );
  return new Map(await Promise.all(made));
}

/** Values of a Marble that does not exist: they show whether real ones can be made. */
export async function placeholderSecrets(
  manifest: Pick<Manifest, "secrets">,
  context: SecretContext,
): Promise<ReadonlyMap<string, Secret>> {
  const identity = {
    marbleType: "",
    uuid: randomUUID(),
    rootSecret: context.randomBytes(32),
    disableSecretBinding: false,
  };
  return await ownSecrets(manifest, identity, context);
}
