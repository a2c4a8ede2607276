import { isIP } from "node:net";
import { isAbsolute, join, resolve } from "node:path";
import { MarbleError } from "./error.ts";
import { NO_PORT_MAP, type PortMap, parsePortMap } from "./port-map.ts";

/** What the host tells a marble at start; untrusted (spec marblerun section 10.1). */
export interface MarbleEnvironment {
  /** `HOST:PORT` of the Coordinator's mesh API. */
  readonly coordinatorAddress: string;
  readonly marbleType: string;
  readonly dnsNames: readonly string[];
  readonly ipAddresses: readonly string[];
  /** Absolute path. */
  readonly uuidFile: string;
  readonly logFormat: "text" | "json";
  /** All attempts to activate together, in milliseconds. */
  readonly activationTimeoutMs: number;
  readonly portMap: PortMap;
  /** Whether certificates are renewed while the program runs. */
  readonly renews: boolean;
}

/** Environment variables by name. */
export type Environment = Readonly<Record<string, string | undefined>>;

const DEFAULT_COORDINATOR_ADDRESS = "localhost:2001";
/** Always in the certificate, as upstream does it (section 3.2). */
const LOOPBACK_ADDRESSES = ["127.0.0.1", "::1"];
const DEFAULT_ACTIVATION_TIMEOUT_MS = 60_000;
/** One hour: longer waits belong to whoever restarts marbles. */
const MAX_ACTIVATION_TIMEOUT_MS = 3_600_000;

/** Which log format `env` asks for; readable even when the rest of `env` is not. */
export function logFormatOf(env: Environment): "text" | "json" {
  const { EDG_LOG_FORMAT: format } = env;
  return format?.toLowerCase() === "json" ? "json" : "text";
}

/**
 * Reads the `EDG_MARBLE_*` and `CARRARA_*` variables of a marble; an empty value counts as absent.
 * Throws `MARBLE_TYPE_MISSING`, `ENVIRONMENT_INVALID`, `PORT_MAP_INVALID`.
 */
export function readMarbleEnvironment(env: Environment, cwd: string): MarbleEnvironment {
  const { EDG_MARBLE_TYPE, EDG_MARBLE_COORDINATOR_ADDR, EDG_MARBLE_DNS_NAMES } = env;
  const { EDG_MARBLE_UUID_FILE, EDG_CWD, CARRARA_ACTIVATION_TIMEOUT_MS, CARRARA_PORT_MAP } = env;
  const { CARRARA_RENEWAL } = env;
  if (EDG_MARBLE_TYPE === undefined || EDG_MARBLE_TYPE === "") {
    throw new MarbleError("MARBLE_TYPE_MISSING", "EDG_MARBLE_TYPE is not set");
  }
  const names = (EDG_MARBLE_DNS_NAMES || "localhost").split(",").map((name) => name.trim());
  const addresses = names.filter((name) => isIP(name) !== 0);
  return {
    coordinatorAddress: EDG_MARBLE_COORDINATOR_ADDR || DEFAULT_COORDINATOR_ADDRESS,
    marbleType: EDG_MARBLE_TYPE,
    dnsNames: names.filter((name) => name !== "" && isIP(name) === 0).map(checkDnsName),
    ipAddresses: [...new Set([...LOOPBACK_ADDRESSES, ...addresses])],
    uuidFile: absolute(EDG_MARBLE_UUID_FILE || join(EDG_CWD || cwd, "uuid"), cwd),
    logFormat: logFormatOf(env),
    activationTimeoutMs: readTimeoutMs(CARRARA_ACTIVATION_TIMEOUT_MS),
    portMap: CARRARA_PORT_MAP ? parsePortMap(CARRARA_PORT_MAP) : NO_PORT_MAP,
    renews: readRenewalSwitch(CARRARA_RENEWAL),
  };
}

function absolute(path: string, cwd: string): string {
  return isAbsolute(path) ? path : resolve(cwd, path);
}

function checkDnsName(name: string): string {
  // A SubjectAltName holds IA5 text only (RFC 5280 section 4.2.1.6).
  if (/^[\x21-\x7e]{1,253}$/.test(name)) return name;
  throw new MarbleError("ENVIRONMENT_INVALID", "EDG_MARBLE_DNS_NAMES has an entry that is no name");
}

function readTimeoutMs(text: string | undefined): number {
  if (text === undefined || text === "") return DEFAULT_ACTIVATION_TIMEOUT_MS;
  const value = /^\d{1,9}$/.test(text) ? Number(text) : 0;
  if (value >= 1 && value <= MAX_ACTIVATION_TIMEOUT_MS) return value;
  throw new MarbleError(
    "ENVIRONMENT_INVALID",
    `CARRARA_ACTIVATION_TIMEOUT_MS is not a number of milliseconds from 1 to ${MAX_ACTIVATION_TIMEOUT_MS}`,
  );
}

/** Whether `CARRARA_RENEWAL` leaves renewal on: absent, empty or `1`. Throws `ENVIRONMENT_INVALID`. */
export function readRenewalSwitch(text: string | undefined): boolean {
  if (text === undefined || text === "" || text === "1") return true;
  if (text === "0") return false;
  throw new MarbleError("ENVIRONMENT_INVALID", "CARRARA_RENEWAL is neither 0 nor 1");
}
