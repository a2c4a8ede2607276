import { equalBytes } from "@carrara/encoding";
import type { SecretDefinition } from "@carrara/manifest";
import { parseCertificate } from "@carrara/pki";
import { generateSecret, type Secret, type SecretContext } from "./secret.ts";
import type { MeshState, RunningState } from "./state.ts";

/** A shared certificate whose time has come. */
export interface DueCertificate {
  readonly name: string;
  readonly definition: SecretDefinition;
  readonly old: Secret;
}

/** The secrets of a state never change, so neither does when the first of them is due. */
const firstDue = new WeakMap<MeshState["secrets"], number>();

/**
 * Shared certificates that have lived half of their time. Marbles ask for new ones after three fifths
 * at the earliest, so that they get these. What the manifest gives a fixed end is never due.
 */
export function dueCertificates(state: RunningState, now: Date): readonly DueCertificate[] {
  if (now.getTime() < (firstDue.get(state.secrets) ?? 0)) return [];
  const all = renewableCertificates(state);
  const times = all.map(({ old }) => dueTimeOf(old));
  firstDue.set(state.secrets, Math.min(...times));
  return all.filter((_, i) => now.getTime() >= (times[i] ?? 0));
}

function renewableCertificates({ deployment, secrets }: RunningState): readonly DueCertificate[] {
  return [...deployment.manifest.secrets].flatMap(([name, definition]) => {
    const { type, shared, userDefined, cert } = definition;
    const old = secrets.get(name);
    const isMade = shared && !userDefined && type.startsWith("cert-");
    if (!isMade || cert.notAfter !== undefined || old?.cert === undefined) return [];
    return [{ name, definition, old }];
  });
}

/** Milliseconds since 1970. */
function dueTimeOf({ cert }: Secret): number {
  const { notBefore, notAfter } = parseCertificate(cert ?? new Uint8Array());
  return (notBefore.getTime() + notAfter.getTime()) / 2;
}

/** Whether one has ended: it is of no use to anybody. */
export function hasEnded({ old }: DueCertificate, now: Date): boolean {
  return parseCertificate(old.cert ?? new Uint8Array()).notAfter <= now;
}

/** A change of state that puts new certificates in the place of due ones. */
export type CertificateRenewal = (state: MeshState) => MeshState;

/**
 * Makes new certificates of `due`, with new keys and a whole life. The change leaves alone what an
 * update or another Coordinator has replaced meanwhile. Throws `SECRET_INVALID`.
 */
export async function renewCertificates(
  due: readonly DueCertificate[],
  context: SecretContext,
): Promise<CertificateRenewal> {
  const made = await Promise.all(
    due.map(async ({ name, definition, old }) => {
      return { name, old, fresh: await generateSecret(name, definition, context) };
    }),
  );
  return (state) => {
    // Another intermediate: an update has issued all of them anew.
    if (!equalBytes(state.authority.marbleRoot, context.authority.marbleRoot)) return state;
    const still = made.filter(({ name, old }) => isSameValue(state.secrets.get(name), old));
    if (still.length === 0) return state;
    const fresh = still.map(({ name, fresh: secret }) => [name, secret] as const);
    return { ...state, secrets: new Map([...state.secrets, ...fresh]) };
  };
}

function isSameValue(a: Secret | undefined, { cert }: Secret): boolean {
  return a?.cert !== undefined && cert !== undefined && equalBytes(a.cert, cert);
}
