import { resolve } from "node:path";
import {
  type AttestedCoordinator,
  attestCoordinator,
  type ClientIdentity,
  type CoordinatorClient,
  createCoordinatorClient,
  createHttpsTransport,
  parseCoordinatorHost,
  type UnattestedCoordinator,
} from "@carrara/client";
import {
  createDcapProviderFor,
  createPcsProvider,
  type DcapCollateralProvider,
  fetchEndorsements,
} from "@carrara/tee";
import { type ResultAssurance, showAssurance } from "./assurance.ts";
import {
  defaultCertificateCache,
  loadCertificateCache,
  saveCertificateCache,
} from "./certificate-cache.ts";
import { CliError } from "./cli-error.ts";
import type { CommandContext } from "./command-context.ts";
import { writeOutput } from "./files.ts";
import { type GlobalOptions, loadPolicy } from "./global-options.ts";

/** A Coordinator that a command may talk to. */
export interface CoordinatorSession {
  /** Pins the Root certificate. */
  readonly client: CoordinatorClient;
  readonly assurance: ResultAssurance;
  readonly rootPem: string;
  readonly chainPem: string;
}

/** A session whose Coordinator was attested just now. */
export interface AttestedSession extends CoordinatorSession {
  readonly coordinator: AttestedCoordinator | UnattestedCoordinator;
}

/** HOST of the command line, else `MARBLERUN` of the environment. Throws `USAGE`. */
export function hostOf({ io }: CommandContext, argument: string | undefined): string {
  const host = argument ?? (io.env.MARBLERUN || undefined);
  if (host !== undefined) return host;
  throw new CliError("USAGE", "missing HOST, and MARBLERUN is not set; for example localhost:4433");
}

/** The certificate cache's path. */
export function certificateCacheOf({ io, options }: CommandContext): string {
  return options.coordinatorCert === undefined
    ? defaultCertificateCache(io)
    : resolve(io.cwd, options.coordinatorCert);
}

/** Attests the Coordinator at HOST and pins what it vouches for; `identity` is who asks. */
export async function openAttestedSession(
  context: CommandContext,
  hostArgument: string | undefined,
  identity?: ClientIdentity,
): Promise<AttestedSession> {
  const { io, options } = context;
  const transport = createHttpsTransport({
    host: parseCoordinatorHost(hostOf(context, hostArgument)),
  });
  const service = collateralService(options);
  const coordinator = await attestCoordinator({
    transport,
    policy: await loadPolicy(io, options),
    endorsementSource: async (request, signal) => await fetchEndorsements(service, request, signal),
    signal: io.signal,
  });
  showAssurance(io, coordinator.assurance);
  if (options.saveSgxQuote !== undefined && coordinator.assurance !== "none") {
    await writeOutput(resolve(io.cwd, options.saveSgxQuote), coordinator.quote);
  }
  const { rootPem, chainPem, assurance } = coordinator;
  const trust = { kind: "pinned", rootPem } as const;
  const client = createCoordinatorClient({ transport, trust, identity });
  return { client, assurance, rootPem, chainPem, coordinator };
}

/** Asked when the Coordinator serves no collateral: Intel's own service unless another is named. */
function collateralService({ pccsUrl }: GlobalOptions): DcapCollateralProvider {
  if (pccsUrl === undefined) return createPcsProvider();
  if (URL.canParse(pccsUrl)) return createDcapProviderFor({ url: pccsUrl });
  throw new CliError("USAGE", "--pccs-url is no URL, as in https://localhost:8081");
}

/**
 * Pins the Root of the certificate cache. With `--insecure` the cache does not count (spec
 * marblerun section 9.1): the Coordinator is attested afresh, on whatever platform it runs.
 */
export async function openCachedSession(
  context: CommandContext,
  hostArgument: string | undefined,
  identity?: ClientIdentity,
): Promise<CoordinatorSession> {
  if (context.options.insecure) return await openAttestedSession(context, hostArgument, identity);
  const host = parseCoordinatorHost(hostOf(context, hostArgument));
  const { rootPem, chainPem, assurance } = await loadCertificateCache(certificateCacheOf(context));
  showAssurance(context.io, assurance);
  const transport = createHttpsTransport({ host });
  const trust = { kind: "pinned", rootPem } as const;
  const client = createCoordinatorClient({ transport, trust, identity });
  return { client, assurance, rootPem, chainPem };
}

/** Keeps the session's certificates for later commands. */
export async function cacheCertificates(
  context: CommandContext,
  { chainPem, assurance }: CoordinatorSession,
): Promise<void> {
  await saveCertificateCache(certificateCacheOf(context), chainPem, assurance);
}

/** The Coordinator's identity for JSON documents; null for what the evidence does not say. */
export function describeCoordinator(
  coordinator: AttestedCoordinator | UnattestedCoordinator,
): Readonly<Record<string, unknown>> | null {
  if (coordinator.assurance === "none") return null;
  const { tee, identity, tcbStatus, advisoryIds, trustAnchor } = coordinator;
  return {
    tee,
    uniqueId: identity.uniqueId,
    signerId: identity.signer?.signerId ?? null,
    productId: identity.signer?.productId ?? null,
    securityVersion: identity.signer?.securityVersion ?? null,
    debug: identity.debug,
    tcbStatus: tcbStatus ?? null,
    advisoryIds,
    trustAnchor,
  };
}

/** The Coordinator's identity for people. */
export function coordinatorLines(coordinator: AttestedCoordinator | UnattestedCoordinator): string {
  if (coordinator.assurance === "none") return "Coordinator: no evidence";
  const { identity, advisoryIds, assurance } = coordinator;
  const { signer, uniqueId, debug } = identity;
  const status = coordinator.tcbStatus ?? "none, AMD publishes no status";
  return [
    `Coordinator UniqueID: ${uniqueId}${debug ? ", DEBUG" : ""}`,
    ...(signer === undefined
      ? []
      : [
          `Coordinator SignerID: ${signer.signerId}`,
          `Coordinator ProductID: ${signer.productId}, SecurityVersion: ${signer.securityVersion}`,
        ]),
    assurance === "simulation"
      ? `TCB status: SIMULATED ${status} (no hardware protection)`
      : `TCB status: ${[status, ...advisoryIds].join(" ")}`,
  ].join("\n");
}
