import { encodePem, utf8 } from "@carrara/encoding";
import {
  buildTlsConfig,
  type CompiledTemplate,
  compileTemplate,
  encodeTlsConfig,
  type Manifest,
  ManifestError,
  type ManifestFile,
  type Marble,
  requireEnvBytes,
  type SecretValue,
  type TemplateKind,
  type TemplateValues,
  templateValues,
} from "@carrara/manifest";
import { CoordinatorError } from "../error.ts";
import type { Authority } from "./authority.ts";
import type { MarbleCredentials } from "./marble-certificate.ts";
import type { MarbleSecrets } from "./marble-secrets.ts";
import type { Secret } from "./secret.ts";

/** What a Marble receives (section 3.6). */
export interface MarbleParameters {
  readonly files: ReadonlyMap<string, Uint8Array>;
  readonly env: ReadonlyMap<string, Uint8Array>;
  readonly argv: readonly string[];
}

/** What the templates of one Marble are rendered with. */
export interface MarbleMaterial {
  readonly authority: Authority;
  readonly credentials: MarbleCredentials;
  readonly secrets: MarbleSecrets;
}

/**
 * Renders files and environment of `marbleType` and adds the predefined variables, which override
 * the manifest's. Throws `PARAMETERS_INVALID` when a template fails, for example over an unset secret.
 */
export function marbleParameters(
  manifest: Manifest,
  marbleType: string,
  marble: Marble,
  material: MarbleMaterial,
): MarbleParameters {
  return asParameterError(`marble ${marbleType}`, () => {
    const values = valuesOf(material);
    const { files, env, argv } = marble.parameters;
    const predefined = predefinedVariables(material);
    const tls = tlsVariable(manifest, marbleType, material);
    return {
      files: renderAll("file", files, values),
      env: new Map([...renderAll("env", env, values), ...tls, ...predefined]),
      argv,
    };
  });
}

/**
 * Renders every template of every Marble with dummies in place of what is not there yet (section
 * 4.4). Throws `PARAMETERS_INVALID`, naming the Marble and the entry.
 */
export function dryRunTemplates(
  manifest: Pick<Manifest, "marbles">,
  secrets: ReadonlyMap<string, Secret>,
): void {
  const shown = new Map(
    [...secrets].map(([name, secret]) => [name, secret.userDefined ? withDummies(secret) : secret]),
  );
  dryRunWith(manifest, shown);
}

/** Like {@link dryRunTemplates} with the values as they are, except that unset ones get dummies. */
export function dryRunUploads(
  manifest: Pick<Manifest, "marbles">,
  secrets: ReadonlyMap<string, Secret>,
): void {
  const unset = (secret: Secret) => secret.public === undefined && secret.cert === undefined;
  const shown = new Map(
    [...secrets].map(([name, secret]) => [name, unset(secret) ? withDummies(secret) : secret]),
  );
  dryRunWith(manifest, shown);
}

function dryRunWith(
  manifest: Pick<Manifest, "marbles">,
  secrets: ReadonlyMap<string, Secret>,
): void {
  const reserved: SecretValue = { ...RESERVED, cert: DUMMY, private: DUMMY, public: DUMMY };
  const values = templateValues({
    MarbleRun: {
      RootCA: reserved,
      MarbleCert: reserved,
      CoordinatorRoot: reserved,
      CoordinatorIntermediate: reserved,
    },
    Secrets: secrets,
    Previous: { Secrets: secrets },
  });
  for (const [name, { parameters }] of manifest.marbles) {
    asParameterError(`marble ${name}`, () => {
      renderAll("file", parameters.files, values);
      renderAll("env", parameters.env, values);
    });
  }
}

/** One printable byte: a NUL would fail where a real value would not. */
const DUMMY: Uint8Array = new Uint8Array([0x41]);
const RESERVED = { type: "", size: 0, shared: false, userDefined: false, validFor: 0 } as const;

function withDummies(secret: Secret): Secret {
  return { ...secret, cert: DUMMY, private: DUMMY, public: DUMMY };
}

function valuesOf({ authority, credentials, secrets }: MarbleMaterial): TemplateValues {
  return templateValues({
    MarbleRun: {
      RootCA: { ...RESERVED, cert: authority.marbleRoot },
      MarbleCert: {
        ...RESERVED,
        cert: credentials.certificate,
        public: credentials.spki,
        private: credentials.pkcs8,
      },
      CoordinatorRoot: { ...RESERVED, cert: authority.root.certificate },
      CoordinatorIntermediate: { ...RESERVED, cert: authority.intermediate.certificate },
    },
    Secrets: secrets.current,
    Previous: { Secrets: secrets.previous },
  });
}

function renderAll(
  kind: TemplateKind,
  entries: ReadonlyMap<string, ManifestFile>,
  values: TemplateValues,
): ReadonlyMap<string, Uint8Array> {
  return new Map(
    [...entries].map(([name, entry]) => [
      name,
      asParameterError(`${kind} ${name}`, () => render(kind, entry, values)),
    ]),
  );
}

/** Entries of the manifests in force, each parsed when it is first rendered. */
const renderers = {
  file: new WeakMap<ManifestFile, CompiledTemplate>(),
  env: new WeakMap<ManifestFile, CompiledTemplate>(),
} as const;

function render(kind: TemplateKind, entry: ManifestFile, values: TemplateValues): Uint8Array {
  const renderer = renderers[kind].get(entry) ?? rendererOf(kind, entry);
  renderers[kind].set(entry, renderer);
  return renderer(values);
}

function rendererOf(kind: TemplateKind, { data, noTemplates }: ManifestFile): CompiledTemplate {
  // Most entries are plain text; the engine would give the same bytes back.
  if (!noTemplates && Buffer.from(data).includes("{{")) return compileTemplate(kind, data);
  if (kind === "env") requireEnvBytes(data);
  return () => data;
}

function tlsVariable(
  manifest: Manifest,
  marbleType: string,
  { authority, credentials, secrets }: MarbleMaterial,
): readonly (readonly [string, Uint8Array])[] {
  const config = buildTlsConfig(manifest, marbleType, {
    marbleRootCert: authority.marbleRoot,
    marbleCert: credentials.certificate,
    marbleKey: credentials.pkcs8,
    secrets: secrets.current,
  });
  return config === undefined ? [] : [["MARBLE_TTLS_CONFIG", utf8(encodeTlsConfig(config))]];
}

function predefinedVariables({
  authority,
  credentials,
}: MarbleMaterial): readonly (readonly [string, Uint8Array])[] {
  const chain =
    certificatePem(credentials.certificate) + certificatePem(authority.intermediate.certificate);
  return [
    ["MARBLE_PREDEFINED_ROOT_CA", utf8(certificatePem(authority.marbleRoot))],
    ["MARBLE_PREDEFINED_MARBLE_CERTIFICATE_CHAIN", utf8(chain)],
    ["MARBLE_PREDEFINED_PRIVATE_KEY", utf8(encodePem("PRIVATE KEY", credentials.pkcs8))],
    ["MARBLE_PREDEFINED_COORDINATOR_ROOT_CA", utf8(certificatePem(authority.root.certificate))],
  ];
}

function certificatePem(certificate: Uint8Array): string {
  return encodePem("CERTIFICATE", certificate);
}

function asParameterError<T>(what: string, run: () => T): T {
  try {
    return run();
  } catch (cause) {
    const known = cause instanceof ManifestError || isParameterError(cause);
    if (!known) throw cause;
    throw new CoordinatorError("PARAMETERS_INVALID", `${what}: ${cause.message}`, { cause });
  }
}

function isParameterError(error: unknown): error is CoordinatorError {
  return error instanceof CoordinatorError && error.code === "PARAMETERS_INVALID";
}
