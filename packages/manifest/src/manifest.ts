import { type CertificateTemplate, certificateTemplate } from "./certificate-template.ts";
import {
  type GoDecoder,
  goArray,
  goBool,
  goMap,
  goNullable,
  goObject,
  goString,
  readGoJson,
} from "./go-json.ts";
import { goBytes, goUint, goUint16, goUint64 } from "./go-json-scalars.ts";
import { type ManifestFile, manifestFile } from "./manifest-file.ts";

/** `Packages.NAME`: the software identity that may run. Empty strings are unset. */
export interface Package {
  readonly debug: boolean;
  /** MRENCLAVE in hex, of either case. */
  readonly uniqueId: string;
  /** MRSIGNER in hex, of either case. */
  readonly signerId: string;
  /** ISVPRODID. */
  readonly productId: bigint | undefined;
  /** Smallest ISVSVN that may run. */
  readonly securityVersion: number | undefined;
  /** Empty means `SWHardeningNeeded` alone, beside `UpToDate`. */
  readonly acceptedTcbStatuses: readonly string[];
  /** Empty accepts every advisory. */
  readonly acceptedAdvisories: readonly string[];
}

/** `Infrastructures.NAME`: stored and compared on updates, otherwise without effect. */
export interface Infrastructure {
  readonly cpuSvn: Uint8Array;
  readonly qeSvn: number | undefined;
  readonly pceSvn: number | undefined;
  readonly rootCa: Uint8Array;
}

/** `Marbles.NAME.Parameters`. */
export interface MarbleParameters {
  /** By absolute path. */
  readonly files: ReadonlyMap<string, ManifestFile>;
  readonly env: ReadonlyMap<string, ManifestFile>;
  /** The first is argv[0]; no templates here. */
  readonly argv: readonly string[];
}

/** `Marbles.NAME`: a role that runs a package. */
export interface Marble {
  readonly package: string;
  /** 0 = unlimited. */
  readonly maxActivations: number;
  readonly parameters: MarbleParameters;
  /** Names of TLS tags. */
  readonly tls: readonly string[];
  /** Derives per-Marble keys without the type name. */
  readonly disableSecretBinding: boolean;
}

/** `Users.NAME`. */
export interface User {
  /** PEM; the first block counts, whatever its type. */
  readonly certificate: string;
  readonly roles: readonly string[];
}

/** `Roles.NAME`. */
export interface Role {
  readonly resourceType: string;
  readonly resourceNames: readonly string[];
  readonly actions: readonly string[];
}

/** One entry of `TLS.TAG.Outgoing` or `.Incoming`. Empty strings are unset. */
export interface TlsEntry {
  readonly port: string;
  readonly addr: string;
  /** Name of a secret; incoming only. */
  readonly cert: string;
  readonly disableClientAuth: boolean;
}

/** `TLS.TAG`. */
export interface TlsTag {
  readonly outgoing: readonly TlsEntry[];
  readonly incoming: readonly TlsEntry[];
}

/** `Secrets.NAME`. */
export interface SecretDefinition {
  /** One of {@link SecretType} once validated. */
  readonly type: string;
  /** Bits. */
  readonly size: number;
  /** One value for all Marbles, rather than one for each. */
  readonly shared: boolean;
  /** Uploaded later. */
  readonly userDefined: boolean;
  readonly cert: CertificateTemplate;
  /** Days; 0 = 365 for certificates. */
  readonly validFor: number;
}

/** The kinds of secrets. */
export type SecretType = "symmetric-key" | "cert-rsa" | "cert-ecdsa" | "cert-ed25519" | "plain";

/** `Config`. Empty strings and 0 are unset. */
export interface ManifestConfig {
  readonly sealMode: string;
  readonly featureGates: readonly string[];
  /** Acknowledgements a full update needs; 0 = of all who may. */
  readonly updateThreshold: number;
  /** Recovery keys needed; 0 = all. */
  readonly recoveryThreshold: number;
  readonly rotateRootSecret: boolean;
}

/** A manifest as written (spec marblerun section 4.2): right types, rules not yet checked. */
export interface Manifest {
  readonly packages: ReadonlyMap<string, Package>;
  readonly infrastructures: ReadonlyMap<string, Infrastructure>;
  readonly marbles: ReadonlyMap<string, Marble>;
  readonly users: ReadonlyMap<string, User>;
  readonly secrets: ReadonlyMap<string, SecretDefinition>;
  /** PEM of RSA public keys. */
  readonly recoveryKeys: ReadonlyMap<string, string>;
  readonly roles: ReadonlyMap<string, Role>;
  readonly tls: ReadonlyMap<string, TlsTag>;
  readonly config: ManifestConfig;
}

const strings = goArray(goString);

/** Reads one value of `Packages`. */
export const packageDecoder: GoDecoder<Package> = goObject({
  debug: goBool,
  uniqueId: goString,
  signerId: goString,
  productId: goNullable(goUint64),
  securityVersion: goNullable(goUint),
  acceptedTcbStatuses: strings,
  acceptedAdvisories: strings,
});

const infrastructure: GoDecoder<Infrastructure> = goObject({
  cpuSvn: goBytes,
  qeSvn: goNullable(goUint16),
  pceSvn: goNullable(goUint16),
  rootCa: goBytes,
});

const marble: GoDecoder<Marble> = goObject({
  package: goString,
  maxActivations: goUint,
  parameters: goObject({ files: goMap(manifestFile), env: goMap(manifestFile), argv: strings }),
  tls: strings,
  disableSecretBinding: goBool,
});

const tlsEntries: GoDecoder<readonly TlsEntry[]> = goArray(
  goObject({ port: goString, addr: goString, cert: goString, disableClientAuth: goBool }),
);

const secretDefinition: GoDecoder<SecretDefinition> = goObject({
  type: goString,
  size: goUint,
  shared: goBool,
  userDefined: goBool,
  cert: certificateTemplate,
  validFor: goUint,
});

const config: GoDecoder<ManifestConfig> = goObject({
  sealMode: goString,
  featureGates: strings,
  updateThreshold: goUint,
  recoveryThreshold: goUint,
  rotateRootSecret: goBool,
});

const manifestDecoder: GoDecoder<Manifest> = goObject({
  packages: goMap(packageDecoder),
  infrastructures: goMap(infrastructure),
  marbles: goMap(marble),
  users: goMap(goObject({ certificate: goString, roles: strings })),
  secrets: goMap(secretDefinition),
  recoveryKeys: goMap(goString),
  roles: goMap(goObject({ resourceType: goString, resourceNames: strings, actions: strings })),
  tls: goMap(goObject({ outgoing: tlsEntries, incoming: tlsEntries })),
  config,
});

/**
 * Parses the JSON a Coordinator accepts (spec marblerun sections 0.3 and 4.2); checks types, not
 * rules. Throws the `JSON_…` codes, `MANIFEST_FILE_ENTRY`, `MANIFEST_FILE_ENCODING`.
 */
export function parseManifest(bytes: Uint8Array): Manifest {
  return readGoJson(bytes, manifestDecoder, "whole");
}
