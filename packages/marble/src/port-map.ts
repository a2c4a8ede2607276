import { MarbleError } from "./error.ts";
import { type HostPort, hostPortKey, parseHostPort } from "./host-port.ts";

/**
 * Where the ports of a marble really are when several share one machine. Untrusted routing
 * information: which certificate is demanded never depends on it.
 */
export interface PortMap {
  /** By the port the application listens on. */
  readonly listen: ReadonlyMap<number, HostPort>;
  /** By the `host:port` the application dials. */
  readonly dial: ReadonlyMap<string, HostPort>;
}

/** Every port where the application says it is. */
export const NO_PORT_MAP: PortMap = Object.freeze({ listen: new Map(), dial: new Map() });

/** Longest text that is read, in characters: thousands of entries. */
const MAX_PORT_MAP_CHARACTERS = 256 * 1024;

/**
 * Reads `{"listen":{"PORT":"HOST:PORT"},"dial":{"HOST:PORT":"HOST:PORT"}}`; both parts may be absent.
 * Throws `PORT_MAP_INVALID`.
 */
export function parsePortMap(text: string): PortMap {
  const { listen, dial, ...rest } = readObject(readJson(text), "port map");
  const [unknown] = Object.keys(rest);
  if (unknown !== undefined) throw invalid("the port map has a key other than listen and dial");
  return {
    listen: readEntries(listen, "listen", (key) => (isPort(key) ? Number(key) : undefined)),
    dial: readEntries(dial, "dial", (key) => {
      const address = parseHostPort(key);
      return address && hostPortKey(address);
    }),
  };
}

function invalid(message: string, options?: ErrorOptions): MarbleError {
  return new MarbleError("PORT_MAP_INVALID", message, options);
}

function readJson(text: string): unknown {
  if (text.length > MAX_PORT_MAP_CHARACTERS) {
    throw invalid(`the port map has ${text.length} characters, ${MAX_PORT_MAP_CHARACTERS} allowed`);
  }
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw invalid("the port map is not JSON", { cause });
  }
}

function readObject(value: unknown, what: string): Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw invalid(`${what} is not a JSON object`);
  }
  return value as Readonly<Record<string, unknown>>;
}

function readEntries<K>(
  value: unknown,
  what: string,
  readKey: (key: string) => K | undefined,
): ReadonlyMap<K, HostPort> {
  const entries = Object.entries(value === undefined ? {} : readObject(value, what));
  return new Map(
    entries.map(([text, target]) => {
      const key = readKey(text);
      const address = typeof target === "string" ? parseHostPort(target) : undefined;
      if (key === undefined || address === undefined) {
        throw invalid(`an entry of ${what} in the port map is not an address and its target`);
      }
      return [key, address];
    }),
  );
}

function isPort(text: string): boolean {
  return /^[1-9]\d{0,4}$/.test(text) && Number(text) <= 65535;
}
