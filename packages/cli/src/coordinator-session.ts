import { resolve } from "node:path";
import {
  type AttestedCoordinator,
  attestCoordinator,
  type CoordinatorClient,
  createCoordinatorClient,
  createHttpsTransport,
  parseCoordinatorHost,
  type UnattestedCoordinator,
} from "@carrara/client";
import { createPccsClient } from "@carrara/tee";
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

/** Intel's own collateral service, asked when the Coordinator serves none and no other is named. */
const INTEL_PCS = {
  url: "https://api.trustedservices.intel.com",
  rootCrlUrl: "https://certificates.trustedservices.intel.com/IntelSGXRootCA.der",
};

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
function hostOf({ io }: CommandContext, argument: string | undefined): string {
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

/** Attests the Coordinator at HOST and pins what it vouches for. */
export async function openAttestedSession(
  context: CommandContext,
  hostArgument: string | undefined,
): Promise<AttestedSession> {
  const { io, options } = context;
  const transport = createHttpsTransport({
    host: parseCoordinatorHost(hostOf(context, hostArgument)),
  });
  const pccs = createPccsClient(collateralService(options));
  const coordinator = await attestCoordinator({
    transport,
    policy: await loadPolicy(io, options),
    collateralSource: async (platform, signal) => await pccs.getCollateral(platform, signal),
    signal: io.signal,
  });
  showAssurance(io, coordinator.assurance);
  if (options.saveSgxQuote !== undefined && coordinator.assurance !== "none") {
    await writeOutput(resolve(io.cwd, options.saveSgxQuote), coordinator.quote);
  }
  const { rootPem, chainPem, assurance } = coordinator;
  const client = createCoordinatorClient({ transport, trust: { kind: "pinned", rootPem } });
  return { client, assurance, rootPem, chainPem, coordinator };
}

function collateralService({ pccsUrl }: GlobalOptions): { url: string; rootCrlUrl?: string } {
  if (pccsUrl === undefined) return INTEL_PCS;
  if (URL.canParse(pccsUrl)) return { url: pccsUrl };
  throw new CliError("USAGE", "--pccs-url is no URL, as in https://localhost:8081");
}

/**
 * Pins the Root of the certificate cache. With `--insecure` the cache does not count (spec
 * marblerun section 9.1): the Coordinator is attested afresh, on whatever platform it runs.
 */
export async function openCachedSession(
  context: CommandContext,
  hostArgument: string | undefined,
): Promise<CoordinatorSession> {
  if (context.options.insecure) return await openAttestedSession(context, hostArgument);
  const host = parseCoordinatorHost(hostOf(context, hostArgument));
  const { rootPem, chainPem, assurance } = await loadCertificateCache(certificateCacheOf(context));
  showAssurance(context.io, assurance);
  const transport = createHttpsTransport({ host });
  const client = createCoordinatorClient({ transport, trust: { kind: "pinned", rootPem } });
  return { client, assurance, rootPem, chainPem };
}

/** Keeps the session's certificates for later commands. */
export async function cacheCertificates(
  context: CommandContext,
  { chainPem, assurance }: CoordinatorSession,
): Promise<void> {
  await saveCertificateCache(certificateCacheOf(context), chainPem, assurance);
}

/** The Coordinator's identity for JSON documents. */
export function describeCoordinator(
  coordinator: AttestedCoordinator | UnattestedCoordinator,
): Readonly<Record<string, unknown>> | null {
  if (coordinator.assurance === "none") return null;
  return {
    uniqueId: coordinator.measurement,
    signerId: coordinator.signer,
    productId: coordinator.productId,
    securityVersion: coordinator.securityVersion,
    debug: coordinator.debug,
    tcbStatus: coordinator.tcbStatus,
    advisoryIds: coordinator.advisoryIds,
    trustAnchor: coordinator.trustAnchor,
  };
}

/** The Coordinator's identity for people. */
export function coordinatorLines(coordinator: AttestedCoordinator | UnattestedCoordinator): string {
  if (coordinator.assurance === "none") return "Coordinator: no evidence";
  const simulated = coordinator.assurance === "simulation";
  return [
    `Coordinator UniqueID: ${coordinator.measurement}`,
    `Coordinator SignerID: ${coordinator.signer}`,
    `Coordinator ProductID: ${coordinator.productId}, SecurityVersion: ${coordinator.securityVersion}${coordinator.debug ? ", DEBUG" : ""}`,
    simulated
      ? `TCB status: SIMULATED ${coordinator.tcbStatus} (no hardware protection)`
      : `TCB status: ${[coordinator.tcbStatus, ...coordinator.advisoryIds].join(" ")}`,
  ].join("\n");
}
