import { createSecureContext, type SecureContextOptions } from "node:tls";
import { EncodingError, parsePem } from "@carrara/encoding";
import type { TlsConfig, TlsConfigEntry } from "@carrara/manifest";
import { MarbleError } from "./error.ts";
import { hostPortKey, parseHostPort } from "./host-port.ts";

/** What a listener or a dialled address is wrapped with; usable, checked once. */
export interface TlsEntry {
  /** Root, own certificate and key, and the oldest version that is spoken. */
  readonly context: SecureContextOptions;
  readonly clientAuth: boolean;
}

/** A TLS configuration by what connections are looked up with. */
export interface TlsEntries {
  readonly incoming: ReadonlyMap<number, TlsEntry>;
  /** By `host:port`, the host in canonical form. */
  readonly outgoing: ReadonlyMap<string, TlsEntry>;
}

/**
 * Checks a TLS configuration and every certificate and key in it. An entry without a root would
 * trust the public web, so it is refused. Throws `TLS_CONFIG_INVALID`.
 */
export function readTlsEntries(config: TlsConfig): TlsEntries {
  return {
    incoming: readMap(config.incoming, (key) => {
      const port = /^\*:([1-9]\d{0,4})$/.exec(key)?.[1];
      return port === undefined ? undefined : Number(port);
    }),
    outgoing: readMap(config.outgoing, (key) => {
      const address = parseHostPort(key);
      return address && hostPortKey(address);
    }),
  };
}

function readMap<K>(
  entries: ReadonlyMap<string, TlsConfigEntry>,
  readKey: (key: string) => K | undefined,
): ReadonlyMap<K, TlsEntry> {
  return new Map(
    Array.from(entries, ([text, entry]) => {
      const key = readKey(text);
      if (key !== undefined) return [key, readEntry(text, entry)];
      throw new MarbleError("TLS_CONFIG_INVALID", `${text} is not an address of a TLS entry`);
    }),
  );
}

function readEntry(key: string, { caCert, cert, key: pem, clientAuth }: TlsConfigEntry): TlsEntry {
  const invalid = (what: string, cause?: unknown): MarbleError =>
    new MarbleError("TLS_CONFIG_INVALID", `TLS entry ${key} has no usable ${what}`, { cause });
  if (!holdsPem(caCert, "CERTIFICATE")) throw invalid("root certificate");
  if (!holdsPem(cert, "CERTIFICATE")) throw invalid("certificate");
  if (!holdsPem(pem, "PRIVATE KEY")) throw invalid("private key");
  const context = { ca: caCert, cert, key: pem, minVersion: "TLSv1.2" } as const;
  try {
    createSecureContext(context);
  } catch (cause) {
    throw invalid("certificate and key", cause);
  }
  return { context, clientAuth: clientAuth ?? false };
}

function holdsPem(text: string, label: string): boolean {
  try {
    const blocks = parsePem(text);
    return blocks.length > 0 && blocks.every((b) => b.label.endsWith(label) && b.bytes.length > 0);
  } catch (error) {
    if (error instanceof EncodingError) return false;
    throw error;
  }
}
