import { X509Certificate } from "node:crypto";
import { type GoDecoder, goMap, type UserSecret, userSecretDecoder } from "@carrara/manifest";
import { CoordinatorError } from "../error.ts";
import { authenticateUser } from "./authenticate.ts";
import type { MeshUser } from "./deployment.ts";
import { dryRunUploads } from "./marble-parameters.ts";
import { requireGrant } from "./require-grant.ts";
import { keyBytesOf, type Secret } from "./secret.ts";
import { type MeshState, requireRunning } from "./state.ts";
import { updateLogEntry } from "./update-log.ts";

/** Reads `{name: UserSecret}`; empty bytes count as absent. */
export const userSecretsDecoder: GoDecoder<ReadonlyMap<string, UserSecret>> =
  goMap(userSecretDecoder);

/**
 * The secrets `names` for `user`, all or none (section 6.3). Throws `STATE_WRONG`,
 * `PERMISSION_DENIED`, `SECRET_UNKNOWN`.
 */
export function readSecrets(
  before: MeshState,
  user: MeshUser,
  names: readonly string[],
): ReadonlyMap<string, Secret> {
  const state = requireRunning(before);
  requireGrant(user, "readsecret", names);
  return new Map(names.map((name) => [name, findSecret(state.secrets, name)]));
}

/**
 * Stores uploaded values, all or none (section 6.4). Throws `STATE_WRONG`, `SECRET_UNKNOWN`,
 * `SECRET_INVALID`, `PARAMETERS_INVALID` (dry run), `USER_UNAUTHORIZED`, `PERMISSION_DENIED`.
 */
export function writeSecrets(
  before: MeshState,
  user: MeshUser,
  uploads: ReadonlyMap<string, UserSecret>,
  now: Date,
): MeshState {
  const state = requireRunning(before);
  if (uploads.size === 0) throw new CoordinatorError("SECRET_INVALID", "no secrets were given");
  const written = [...uploads].map(([name, upload]) => {
    const secret = findSecret(state.secrets, name);
    if (!secret.userDefined) refuse(name, "is not user-defined");
    return [name, withValue(name, secret, upload)] as const;
  });
  const secrets = new Map([...state.secrets, ...written]);
  dryRunUploads(
    state.deployment.manifest,
    withOwnSecrets(state.deployment.manifest.secrets, secrets),
  );
  // Asked again of this very state: an update may have come between, and taken the right away.
  const known = authenticateUser(state, user.certificate);
  requireGrant(known, "writesecret", [...uploads.keys()]);
  const lines = written.map(([secret, { type }]) =>
    updateLogEntry(now, "Secret set", { user: user.name, secret, type }),
  );
  return { ...state, secrets, updateLog: [...state.updateLog, ...lines] };
}

/** Per-Marble secrets have no stored value: the dry run sees them as unset. */
function withOwnSecrets(
  definitions: ReadonlyMap<
    string,
    Pick<Secret, "type" | "size" | "shared" | "userDefined" | "validFor">
  >,
  stored: ReadonlyMap<string, Secret>,
): ReadonlyMap<string, Secret> {
  const unset = { cert: undefined, private: undefined, public: undefined };
  return new Map(
    [...definitions].map(([name, definition]) => [
      name,
      stored.get(name) ?? { ...definition, ...unset },
    ]),
  );
}

function findSecret(secrets: ReadonlyMap<string, Secret>, name: string): Secret {
  const secret = secrets.get(name);
  if (secret === undefined) {
    throw new CoordinatorError("SECRET_UNKNOWN", "a requested secret does not exist");
  }
  return secret;
}

function refuse(name: string, why: string): never {
  throw new CoordinatorError("SECRET_INVALID", `secret ${name} ${why}`);
}

function withValue(name: string, secret: Secret, upload: UserSecret): Secret {
  const given = (bytes: Uint8Array | undefined) =>
    bytes === undefined || bytes.length === 0 ? undefined : bytes;
  const [cert, key, privateKey] = [given(upload.cert), given(upload.key), given(upload.private)];
  if (secret.type.startsWith("cert-")) {
    if (key !== undefined) refuse(name, "of a certificate type takes no key");
    if (cert === undefined) return refuse(name, "of a certificate type needs a certificate");
    return { ...secret, cert, public: publicKeyOf(name, cert), private: privateKey };
  }
  if (cert !== undefined || privateKey !== undefined) {
    refuse(name, `of type ${secret.type} takes a key only`);
  }
  if (key === undefined) return refuse(name, `of type ${secret.type} needs a key`);
  if (secret.type === "symmetric-key" && key.length !== keyBytesOf(name, secret)) {
    refuse(
      name,
      `: declared size and actual size don't match: ${secret.size / 8} and ${key.length}`,
    );
  }
  return { ...secret, public: key, private: key };
}

function publicKeyOf(name: string, certificate: Uint8Array): Uint8Array {
  try {
    return new X509Certificate(certificate).publicKey.export({ type: "spki", format: "der" });
  } catch (cause) {
    throw new CoordinatorError("SECRET_INVALID", `secret ${name}: certificate cannot be read`, {
      cause,
    });
  }
}
