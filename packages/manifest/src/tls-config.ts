import { encodePem } from "@carrara/encoding";
import { ManifestError } from "./error.ts";
import {
  type GoDecoder,
  goBool,
  goMap,
  goNullable,
  goObject,
  goString,
  readGoJson,
} from "./go-json.ts";
import { encodeGoJson } from "./go-json-encode.ts";
import type { Manifest, TlsEntry } from "./manifest.ts";

/** What one connection is wrapped with (spec marblerun section 3.7). */
export interface TlsConfigEntry {
  /** PEM of the root both sides trust. */
  readonly caCert: string;
  /** PEM of this side's certificate, alone. */
  readonly cert: string;
  /** PEM (PKCS#8) of this side's private key. */
  readonly key: string;
  /** Whether a listener demands a client certificate; `undefined` for outgoing connections. */
  readonly clientAuth: boolean | undefined;
}

/** The content of `MARBLE_TTLS_CONFIG`. */
export interface TlsConfig {
  /** By `*:PORT`. */
  readonly incoming: ReadonlyMap<string, TlsConfigEntry>;
  /** By `ADDR:PORT`. */
  readonly outgoing: ReadonlyMap<string, TlsConfigEntry>;
}

/** What {@link buildTlsConfig} puts into entries; all DER, keys as PKCS#8. */
export interface TlsMaterial {
  readonly marbleRootCert: Uint8Array;
  readonly marbleCert: Uint8Array;
  readonly marbleKey: Uint8Array;
  /** Secrets by name; empty or absent bytes are an unset user-defined secret. */
  readonly secrets: ReadonlyMap<string, TlsSecret>;
}

/** The part of a secret a listener needs. */
export interface TlsSecret {
  readonly cert?: Uint8Array | undefined;
  readonly private?: Uint8Array | undefined;
}

/**
 * The configuration for a Marble of type `marbleType`, or `undefined` when the type lists no TLS
 * tags. Later tags and entries overwrite equal keys. An unset secret gives PEM blocks with empty
 * bodies, as upstream does. Throws `TLS_CONFIG_MARBLE_UNKNOWN`, `TLS_CONFIG_TAG_UNKNOWN`,
 * `TLS_CONFIG_SECRET_UNKNOWN`.
 */
export function buildTlsConfig(
  manifest: Pick<Manifest, "marbles" | "tls">,
  marbleType: string,
  material: TlsMaterial,
): TlsConfig | undefined {
  const marble = manifest.marbles.get(marbleType);
  if (marble === undefined) {
    throw new ManifestError("TLS_CONFIG_MARBLE_UNKNOWN", `no marble named ${marbleType}`);
  }
  if (marble.tls.length === 0) return undefined;
  const incoming = new Map<string, TlsConfigEntry>();
  const outgoing = new Map<string, TlsConfigEntry>();
  for (const name of marble.tls) {
    const tag = manifest.tls.get(name);
    if (tag === undefined)
      throw new ManifestError("TLS_CONFIG_TAG_UNKNOWN", `no TLS tag named ${name}`);
    for (const entry of tag.outgoing)
      outgoing.set(`${entry.addr}:${entry.port}`, ownEntry(material));
    for (const entry of tag.incoming) incoming.set(`*:${entry.port}`, listener(entry, material));
  }
  return { incoming, outgoing };
}

function listener(entry: TlsEntry, material: TlsMaterial): TlsConfigEntry {
  if (entry.cert === "") return { ...ownEntry(material), clientAuth: true };
  const secret = material.secrets.get(entry.cert);
  if (secret === undefined) {
    throw new ManifestError("TLS_CONFIG_SECRET_UNKNOWN", `no secret named ${entry.cert}`);
  }
  return {
    caCert: encodePem("CERTIFICATE", material.marbleRootCert),
    cert: encodePem("CERTIFICATE", secret.cert ?? new Uint8Array(0)),
    key: encodePem("PRIVATE KEY", secret.private ?? new Uint8Array(0)),
    clientAuth: !entry.disableClientAuth,
  };
}

function ownEntry(material: TlsMaterial): TlsConfigEntry {
  return {
    caCert: encodePem("CERTIFICATE", material.marbleRootCert),
    cert: encodePem("CERTIFICATE", material.marbleCert),
    key: encodePem("PRIVATE KEY", material.marbleKey),
    clientAuth: undefined,
  };
}

/** The JSON text of `MARBLE_TTLS_CONFIG`; keys sorted, both maps always there. Holds private keys. */
export function encodeTlsConfig(config: TlsConfig): string {
  return encodeGoJson({
    tls: { Incoming: wireEntries(config.incoming), Outgoing: wireEntries(config.outgoing) },
  });
}

function wireEntries(entries: ReadonlyMap<string, TlsConfigEntry>) {
  const wire = ([key, entry]: [string, TlsConfigEntry]) =>
    [
      key,
      { cacrt: entry.caCert, clicrt: entry.cert, clikey: entry.key, clientAuth: entry.clientAuth },
    ] as const;
  return new Map([...entries].map(wire));
}

const wireEntry: GoDecoder<{
  readonly cacrt: string;
  readonly clicrt: string;
  readonly clikey: string;
  readonly clientAuth: boolean | undefined;
}> = goObject({
  cacrt: goString,
  clicrt: goString,
  clikey: goString,
  clientAuth: goNullable(goBool),
});

const wireConfig = goObject({
  tls: goNullable(goObject({ incoming: goMap(wireEntry), outgoing: goMap(wireEntry) })),
});

/**
 * Reads the JSON of {@link encodeTlsConfig}; the PEM inside is not looked at. Throws
 * `TLS_CONFIG_MALFORMED`, with the JSON error as its cause. No message holds key material.
 */
export function parseTlsConfig(bytes: Uint8Array): TlsConfig {
  try {
    const { tls } = readGoJson(bytes, wireConfig, "whole");
    if (tls === undefined)
      throw new ManifestError("TLS_CONFIG_MALFORMED", "the key tls is missing");
    return { incoming: fromWire(tls.incoming), outgoing: fromWire(tls.outgoing) };
  } catch (cause) {
    if (!(cause instanceof ManifestError) || cause.code === "TLS_CONFIG_MALFORMED") throw cause;
    throw new ManifestError("TLS_CONFIG_MALFORMED", `TLS configuration: ${cause.message}`, {
      cause,
    });
  }
}

function fromWire(
  entries: ReadonlyMap<string, typeof wireEntry.zero>,
): ReadonlyMap<string, TlsConfigEntry> {
  const read = ([key, entry]: [string, typeof wireEntry.zero]): [string, TlsConfigEntry] => [
    key,
    { caCert: entry.cacrt, cert: entry.clicrt, key: entry.clikey, clientAuth: entry.clientAuth },
  ];
  return new Map([...entries].map(read));
}
