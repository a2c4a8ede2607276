import { ManifestError } from "./error.ts";
import { SECRET_TYPE_NAMES, secretFunctions, type TemplateKind } from "./secret-functions.ts";
import type { SecretValue, TemplateData } from "./secret-value.ts";
import { binaryOfBytes, binaryOfText, bytesOfBinary } from "./template/binary-text.ts";
import { BUILTINS } from "./template/builtins.ts";
import { executeTemplate } from "./template/executor.ts";
import { parseTemplate } from "./template/parser.ts";
import type { TemplateBytes, TemplateStruct, TemplateValue } from "./template/value.ts";

const FUNCTIONS = {
  file: new Map([...BUILTINS, ...secretFunctions("file")]),
  env: new Map([...BUILTINS, ...secretFunctions("env")]),
} as const;

/** What the templates of one Marble reach, in the form in which they run. */
export type TemplateValues = TemplateStruct;

/**
 * A manifest entry that was parsed. Throws `TEMPLATE_EXECUTION`, `TEMPLATE_LIMIT`, and
 * `TEMPLATE_ENV_NUL` when a variable would hold a NUL byte. No message holds secret bytes.
 */
export type CompiledTemplate = (values: TemplateValues) => Uint8Array;

/**
 * Parses a manifest entry in Go's template language (spec marblerun section 5). Throws
 * `TEMPLATE_PARSE`, `TEMPLATE_UNSUPPORTED`, `TEMPLATE_LIMIT`.
 */
export function compileTemplate(kind: TemplateKind, template: Uint8Array): CompiledTemplate {
  const source = binaryOfBytes(template);
  const functions = FUNCTIONS[kind];
  const nodes = parseTemplate(source, (name) => functions.has(name));
  return (values) => {
    const bytes = bytesOfBinary(executeTemplate(source, nodes, functions, values));
    if (kind === "env") requireEnvBytes(bytes);
    return bytes;
  };
}

/** Renders a manifest entry once. Throws what {@link compileTemplate} and its result throw. */
export function renderTemplate(
  kind: TemplateKind,
  template: Uint8Array,
  data: TemplateData,
): Uint8Array {
  return compileTemplate(kind, template)(templateValues(data));
}

/** Refuses bytes no environment variable can hold. Throws `TEMPLATE_ENV_NUL`. */
export function requireEnvBytes(bytes: Uint8Array): void {
  const at = bytes.indexOf(0);
  if (at === -1) return;
  throw new ManifestError("TEMPLATE_ENV_NUL", `environment value has a NUL byte at offset ${at}`);
}

/** Values for any number of templates. */
export function templateValues({ MarbleRun, Secrets, Previous }: TemplateData): TemplateValues {
  return struct("template data", {
    MarbleRun: struct("reserved secrets", {
      RootCA: secretStruct(MarbleRun.RootCA),
      MarbleCert: secretStruct(MarbleRun.MarbleCert),
      CoordinatorRoot: secretStruct(MarbleRun.CoordinatorRoot),
      CoordinatorIntermediate: secretStruct(MarbleRun.CoordinatorIntermediate),
    }),
    Secrets: secretMap(Secrets),
    Previous: struct("previous secrets", { Secrets: secretMap(Previous.Secrets) }),
  });
}

function secretMap(secrets: ReadonlyMap<string, SecretValue>): ReadonlyMap<string, TemplateValue> {
  return new Map([...secrets].map(([name, value]) => [binaryOfText(name), secretStruct(value)]));
}

function secretStruct(secret: SecretValue): TemplateStruct {
  return struct(SECRET_TYPE_NAMES.secret, {
    Type: binaryOfText(secret.type),
    Size: BigInt(secret.size),
    Shared: secret.shared,
    UserDefined: secret.userDefined,
    Cert: struct(SECRET_TYPE_NAMES.certificate, { Raw: bytesValue("[]uint8", secret.cert) }),
    ValidFor: BigInt(secret.validFor),
    Private: bytesValue(SECRET_TYPE_NAMES.privateKey, secret.private),
    Public: bytesValue(SECRET_TYPE_NAMES.publicKey, secret.public),
  });
}

function struct(typeName: string, fields: Record<string, TemplateValue>): TemplateStruct {
  return { kind: "struct", typeName, fields: new Map(Object.entries(fields)) };
}

function bytesValue(typeName: string, bytes: Uint8Array | undefined): TemplateBytes {
  return { kind: "bytes", typeName, bytes: bytes ?? new Uint8Array(0) };
}
