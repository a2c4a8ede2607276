import { actionsOn, parseAction } from "./actions.ts";
import { ManifestError, type ManifestRuleCode } from "./error.ts";
import type {
  Manifest,
  Package,
  Role,
  SecretDefinition,
  SecretType,
  TlsTag,
  User,
} from "./manifest.ts";
import { validateConfig } from "./validate-config.ts";

/** Something a debug package may lack, worth telling the operator. */
export interface ManifestWarning {
  readonly code: "PACKAGE_IDENTITY";
  readonly message: string;
}

/** What the rules need beside the manifest. */
export interface ValidationContext {
  /** The Coordinator's environment, for the `AzureHSMSealing` gate. */
  readonly environment: Readonly<Record<string, string | undefined>>;
}

const SECRET_TYPES: ReadonlySet<string> = new Set<SecretType>([
  "symmetric-key",
  "cert-rsa",
  "cert-ecdsa",
  "cert-ed25519",
  "plain",
]);

/**
 * Checks the rules of spec marblerun section 4.4 in its order and returns the warnings. Throws a
 * `MANIFEST_…` code of its own for each rule; the message names the entry.
 */
export function validateManifest(
  manifest: Manifest,
  context: ValidationContext,
): readonly ManifestWarning[] {
  if (manifest.packages.size === 0) refuse("MANIFEST_NO_PACKAGES", "the manifest has no packages");
  if (manifest.marbles.size === 0) refuse("MANIFEST_NO_MARBLES", "the manifest has no marbles");
  const warnings = validateMarbles(manifest);
  for (const [name, tag] of manifest.tls) validateTlsTag(name, tag, manifest);
  validateUsers(manifest);
  for (const [name, role] of manifest.roles) validateRole(name, role, manifest);
  for (const [name, secret] of manifest.secrets) validateSecret(name, secret);
  validateConfig(manifest, context.environment);
  return warnings;
}

function refuse(code: ManifestRuleCode, message: string): never {
  throw new ManifestError(code, message);
}

function validateMarbles(manifest: Manifest): readonly ManifestWarning[] {
  const warnings = new Map<string, readonly ManifestWarning[]>();
  for (const [name, marble] of manifest.marbles) {
    const pkg = manifest.packages.get(marble.package);
    if (pkg === undefined) {
      refuse("MANIFEST_PACKAGE_UNKNOWN", `marble ${name}: no package named ${marble.package}`);
    }
    warnings.set(marble.package, validateIdentity(marble.package, pkg));
    const missing = marble.tls.find((tag) => !manifest.tls.has(tag));
    if (missing !== undefined) {
      refuse("MANIFEST_TLS_TAG_UNKNOWN", `marble ${name}: no TLS tag named ${missing}`);
    }
  }
  return [...warnings.values()].flat();
}

function validateIdentity(name: string, pkg: Package): readonly ManifestWarning[] {
  const problems = identityProblems(pkg).map((problem) => `package ${name}: ${problem}`);
  const [first] = problems;
  if (first !== undefined && !pkg.debug) refuse("MANIFEST_PACKAGE_IDENTITY", first);
  return problems.map((message) => ({ code: "PACKAGE_IDENTITY", message }));
}

function identityProblems(pkg: Package): readonly string[] {
  const parts: readonly [string, boolean][] = [
    ["SignerID", pkg.signerId !== ""],
    ["ProductID", pkg.productId !== undefined],
    ["SecurityVersion", pkg.securityVersion !== undefined],
  ];
  if (pkg.uniqueId === "") {
    return parts
      .filter(([, set]) => !set)
      .map(([part]) => `${part} is missing and no UniqueID set`);
  }
  const extra = parts.filter(([, set]) => set).map(([part]) => part);
  return extra.length === 0 ? [] : [`UniqueID excludes ${extra.join(", ")}`];
}

function validateTlsTag(name: string, tag: TlsTag, manifest: Manifest): void {
  for (const { port, cert, disableClientAuth } of tag.incoming) {
    if (port === "") refuse("MANIFEST_TLS_PORT_MISSING", `TLS tag ${name}: incoming without Port`);
    if (cert !== "" && !manifest.secrets.has(cert)) {
      refuse("MANIFEST_TLS_SECRET_UNKNOWN", `TLS tag ${name}: no secret named ${cert}`);
    }
    if ((cert !== "") !== disableClientAuth) {
      const rule = "Cert and DisableClientAuth need to be set together";
      refuse("MANIFEST_TLS_CLIENT_AUTH", `TLS tag ${name}, port ${port}: ${rule}`);
    }
  }
  for (const { addr, port } of tag.outgoing) {
    if (addr === "") refuse("MANIFEST_TLS_ADDR_MISSING", `TLS tag ${name}: outgoing without Addr`);
    if (port === "") refuse("MANIFEST_TLS_PORT_MISSING", `TLS tag ${name}: outgoing without Port`);
  }
}

function validateUsers(manifest: Manifest): void {
  const owners = new Map<string, string>();
  for (const [name, user] of manifest.users) {
    validateUser(name, user, manifest);
    const other = owners.get(user.certificate);
    if (other !== undefined) {
      const message = `users ${other} and ${name} have the same certificate`;
      refuse("MANIFEST_USER_CERTIFICATE_DUPLICATE", message);
    }
    owners.set(user.certificate, name);
  }
}

function validateUser(name: string, user: User, manifest: Manifest): void {
  if (user.certificate === "") {
    refuse("MANIFEST_USER_CERTIFICATE_MISSING", `user ${name} has no certificate`);
  }
  const missing = user.roles.find((role) => !manifest.roles.has(role));
  if (missing !== undefined) {
    refuse("MANIFEST_USER_ROLE_UNKNOWN", `user ${name}: no role named ${missing}`);
  }
}

function validateRole(name: string, role: Role, manifest: Manifest): void {
  if (actionsOn(role.resourceType) === undefined) {
    const needed = "needed Packages, Secrets or Manifest";
    refuse(
      "MANIFEST_ROLE_RESOURCE_TYPE",
      `role ${name}: ResourceType ${role.resourceType}, ${needed}`,
    );
  }
  const unknown = role.actions.find((each) => parseAction(role.resourceType, each) === undefined);
  if (unknown !== undefined) {
    const message = `role ${name}: no action ${unknown} on ${role.resourceType}`;
    refuse("MANIFEST_ROLE_ACTION", message);
  }
  if (role.resourceType === "Manifest" && role.resourceNames.length > 0) {
    refuse("MANIFEST_ROLE_RESOURCE_FORBIDDEN", `role ${name}: Manifest takes no ResourceNames`);
  }
  for (const resource of role.resourceNames) validateResource(name, role, resource, manifest);
}

function validateResource(name: string, role: Role, resource: string, manifest: Manifest): void {
  const secret = manifest.secrets.get(resource);
  const exists = role.resourceType === "Packages" ? manifest.packages.has(resource) : secret;
  if (exists === undefined || exists === false) {
    const message = `role ${name}: nothing named ${resource} in ${role.resourceType}`;
    refuse("MANIFEST_ROLE_RESOURCE_UNKNOWN", message);
  }
  if (role.resourceType !== "Secrets" || secret === undefined) return;
  const actions = role.actions.map((action) => parseAction("Secrets", action));
  if (actions.includes("writesecret") && !secret.userDefined) {
    const message = `role ${name}: writing ${resource} needs it to be UserDefined`;
    refuse("MANIFEST_ROLE_RESOURCE_FORBIDDEN", message);
  }
  if (actions.includes("readsecret") && !secret.shared && !secret.userDefined) {
    const message = `role ${name}: reading ${resource} needs it to be Shared or UserDefined`;
    refuse("MANIFEST_ROLE_RESOURCE_FORBIDDEN", message);
  }
}

function validateSecret(name: string, secret: SecretDefinition): void {
  if (!SECRET_TYPES.has(secret.type)) {
    refuse("MANIFEST_SECRET_TYPE", `secret ${name}: unknown type ${secret.type}`);
  }
  const isCertificate = secret.type.startsWith("cert-");
  if (isCertificate && secret.cert.notAfter !== undefined && secret.validFor !== 0) {
    refuse("MANIFEST_SECRET_VALIDITY", `secret ${name}: both Cert.NotAfter and ValidFor are set`);
  }
}
