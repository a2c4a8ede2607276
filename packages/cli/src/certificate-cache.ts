import { homedir } from "node:os";
import { join } from "node:path";
import { EncodingError, encodePem, parsePem } from "@carrara/encoding";
import type { ResultAssurance } from "./assurance.ts";
import { CliError } from "./cli-error.ts";
import type { CliIo } from "./cli-io.ts";
import { readOptional, writeOutput } from "./files.ts";

/** The Coordinator's certificates as an earlier attestation left them. */
export interface CachedCertificates {
  readonly rootPem: string;
  readonly chainPem: string;
  readonly assurance: ResultAssurance;
}

/** Text after the last block, which every PEM reader skips (RFC 7468 section 2). */
const ASSURANCE = /^# assurance: (hardware|simulation|none)$/m;

/** The cache's default place, shared with MarbleRun's CLI (spec marblerun section 9.1). */
export function defaultCertificateCache(io: CliIo): string {
  const config = io.env.XDG_CONFIG_HOME || join(io.env.HOME || homedir(), ".config");
  return join(config, "marblerun", "coordinator-cert.pem");
}

/** Writes Intermediate, then Root, and a line that keeps a simulation from looking like hardware. */
export async function saveCertificateCache(
  path: string,
  chainPem: string,
  assurance: ResultAssurance,
): Promise<void> {
  await writeOutput(path, `${chainPem}# assurance: ${assurance}\n`);
}

/** Reads the cache. Throws `CERTIFICATE_CACHE_MISSING` or `CERTIFICATE_CACHE_INVALID`. */
export async function loadCertificateCache(path: string): Promise<CachedCertificates> {
  const bytes = await readOptional(path);
  if (bytes === undefined) {
    throw new CliError(
      "CERTIFICATE_CACHE_MISSING",
      `no Coordinator was verified yet: ${path} does not exist; run "carrara manifest verify" first, or name the file with --coordinator-cert`,
    );
  }
  const text = new TextDecoder().decode(bytes);
  const [intermediate, root] = certificatesIn(text, path);
  if (intermediate === undefined || root === undefined) {
    throw invalid(path, "needs the intermediate and the root certificate");
  }
  const rootPem = encodePem("CERTIFICATE", root);
  const chainPem = `${encodePem("CERTIFICATE", intermediate)}${rootPem}`;
  return { rootPem, chainPem, assurance: assuranceIn(text) };
}

/** Makes sure that `rootPem` is the root of the cache in `path`. Throws `ROOT_CHANGED`. */
export async function requireCachedRoot(path: string, rootPem: string): Promise<void> {
  const cached = await loadCertificateCache(path);
  if (cached.rootPem === rootPem) return;
  throw new CliError(
    "ROOT_CHANGED",
    `the Coordinator's root certificate differs from the one in ${path}: another Coordinator answers, or its state was reset`,
  );
}

function certificatesIn(text: string, path: string): Uint8Array[] {
  try {
    return parsePem(text).map(({ bytes }) => bytes);
  } catch (cause) {
    if (!(cause instanceof EncodingError)) throw cause;
    throw invalid(path, cause.message, { cause });
  }
}

function assuranceIn(text: string): ResultAssurance {
  const found = ASSURANCE.exec(text)?.[1];
  return found === "hardware" || found === "simulation" || found === "none" ? found : "unknown";
}

function invalid(path: string, detail: string, options?: ErrorOptions): CliError {
  return new CliError("CERTIFICATE_CACHE_INVALID", `${path}: ${detail}`, options);
}
