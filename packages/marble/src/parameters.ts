import { ManifestError, parseTlsConfig, type TlsConfig } from "@carrara/manifest";
import { MarbleError } from "./error.ts";
import type { Parameters } from "./gen/rpc/coordinator_pb.ts";

/** Program name when the manifest lists no arguments (spec marblerun section 10.2). */
const DEFAULT_ARGV: readonly string[] = ["./marble"];

/** Parameters as a Node process can take them. */
export interface ProcessParameters {
  readonly files: Readonly<Record<string, Uint8Array>>;
  readonly env: ReadonlyMap<string, string>;
  /** The program's name and its arguments; never empty. */
  readonly argv: readonly string[];
  /** What `MARBLE_TTLS_CONFIG` says; `undefined` when it is absent. */
  readonly tls: TlsConfig | undefined;
}

/**
 * Reads the Coordinator's parameters. Throws `PARAMETERS_INVALID` for a variable that an
 * environment cannot hold (a name that is empty or has `=` or NUL, a value that has NUL or is not
 * UTF-8), `TLS_CONFIG_INVALID` for a TLS configuration that is malformed or has no entry.
 */
export function readParameters(parameters: Parameters): ProcessParameters {
  const env = new Map(
    Object.entries(parameters.Env).map(([name, value]) => [
      checkName(name),
      decodeValue(name, value),
    ]),
  );
  return {
    files: parameters.Files,
    env,
    argv: parameters.Argv.length > 0 ? parameters.Argv : DEFAULT_ARGV,
    tls: readTls(parameters.Env["MARBLE_TTLS_CONFIG"]),
  };
}

function checkName(name: string): string {
  if (name !== "" && !name.includes("=") && !name.includes("\0")) return name;
  throw new MarbleError("PARAMETERS_INVALID", "a variable of the manifest has no valid name");
}

function decodeValue(name: string, value: Uint8Array): string {
  let text = "\0";
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(value);
  } catch {
    // Refused below, without the decoder's words about a secret.
  }
  if (!text.includes("\0")) return text;
  throw new MarbleError("PARAMETERS_INVALID", `variable ${name} has a NUL or is not UTF-8`);
}

function readTls(bytes: Uint8Array | undefined): TlsConfig | undefined {
  if (bytes === undefined) return undefined;
  const config = parse(bytes);
  if (config.incoming.size + config.outgoing.size > 0) return config;
  throw new MarbleError("TLS_CONFIG_INVALID", "MARBLE_TTLS_CONFIG has no entry");
}

function parse(bytes: Uint8Array): TlsConfig {
  try {
    return parseTlsConfig(bytes);
  } catch (cause) {
    if (!(cause instanceof ManifestError)) throw cause;
    throw new MarbleError("TLS_CONFIG_INVALID", `MARBLE_TTLS_CONFIG: ${cause.message}`, { cause });
  }
}
