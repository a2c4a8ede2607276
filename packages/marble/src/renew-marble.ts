import { equalBytes, parsePem } from "@carrara/encoding";
import { parseCertificate } from "@carrara/pki";
import { holdsCredentials, variableHoldsCredentials } from "./credential-text.ts";
import { MarbleError } from "./error.ts";
import { stageManifestFiles } from "./manifest-files.ts";
import { type MeshCredentials, readMeshCredentials } from "./mesh-credentials.ts";
import type { ProcessParameters } from "./parameters.ts";
import type { ActivatedMarble } from "./premain.ts";
import type { Renewed } from "./renewal-loop.ts";
import { type Premain, requestParameters } from "./request-parameters.ts";
import { requireSameMesh } from "./same-mesh.ts";
import type { TransparentTls } from "./transparent-tls.ts";

/** What {@link createRenewer} changes, and with what. */
export interface RenewerDeps {
  readonly premain: Premain;
  readonly marble: ActivatedMarble;
  readonly credentials: MeshCredentials;
  readonly tls: TransparentTls | undefined;
  /** Variables of the process. */
  readonly variables: Record<string, string | undefined>;
}

/**
 * Makes the function that renews a running marble's certificates once: new connections get them, and
 * so do the variables and files that held the old ones and are still as the manifest made them.
 * Other parameters stay until a restart. It throws MarbleError, and then nothing has changed.
 */
export function createRenewer(deps: RenewerDeps): () => Promise<Renewed> {
  const { premain, marble, tls, variables } = deps;
  const { environment, uuid } = marble;
  let { credentials } = deps;
  let files = marble.parameters.files;
  let env = marble.parameters.env;
  return async () => {
    const before = credentials;
    const granted = await requestParameters(premain, { environment, uuid, credentials });
    const after = readMeshCredentials(granted.env);
    if (after === undefined) {
      throw new MarbleError("RENEWAL_INVALID", "renewed parameters have no usable certificate");
    }
    await requireSameMesh(before, after, granted);
    const swapTls = granted.tls === undefined ? undefined : tls?.renew(granted.tls);
    const changed = Object.entries(files).flatMap(([name, old]) => {
      const fresh = granted.files[name];
      return fresh && holdsCredentials(old, before) ? [{ name, before: old, after: fresh }] : [];
    });
    const staged = await stageManifestFiles(changed, premain.cwd);
    const failed = await staged.commit();
    swapTls?.();
    const set = renewVariables(variables, { env, granted, before });
    env = new Map([...env, ...set]);
    files = {
      ...files,
      ...Object.fromEntries(changed.map(({ name, after: content }) => [name, content])),
    };
    credentials = after;
    if (failed.length > 0) premain.log.warn("files not renewed", { files: failed.join(",") });
    premain.log.info("certificates renewed", { type: environment.marbleType, uuid });
    const rotated = !equalBytes(before.marbleRoot, after.marbleRoot);
    return { validUntil: endsOf(granted), rotated };
  };
}

/** Sets the variables that held the old credentials, unless the program has changed them. */
function renewVariables(
  variables: RenewerDeps["variables"],
  change: {
    readonly env: ReadonlyMap<string, string>;
    readonly granted: ProcessParameters;
    readonly before: MeshCredentials;
  },
): ReadonlyMap<string, string> {
  const set = new Map<string, string>();
  for (const [name, old] of change.env) {
    const fresh = change.granted.env.get(name);
    if (fresh === undefined || variables[name] !== old) continue;
    if (!variableHoldsCredentials(old, change.before)) continue;
    variables[name] = fresh;
    set.set(name, fresh);
  }
  return set;
}

/** When the certificates that a marble shows to others end, in milliseconds since 1970. */
export function endsOf({ env, tls }: ProcessParameters): readonly number[] {
  const shown = [...(tls?.incoming.values() ?? []), ...(tls?.outgoing.values() ?? [])];
  const own = env.get("MARBLE_PREDEFINED_MARBLE_CERTIFICATE_CHAIN");
  const pems = [...(own === undefined ? [] : [own]), ...shown.map(({ cert }) => cert)];
  return pems
    .flatMap((pem) => parsePem(pem))
    .map(({ bytes }) => parseCertificate(bytes).notAfter.getTime());
}
