import { encodePem, toBase64, toHex } from "@carrara/encoding";
import { ManifestError } from "./error.ts";
import { binaryOfBytes } from "./template/binary-text.ts";
import {
  isTemplateBytes,
  isTemplateMap,
  isTemplateStruct,
  type TemplateFunction,
  type TemplateValue,
} from "./template/value.ts";

/** The Go type names of what templates reach; they tell the functions what they are given. */
export const SECRET_TYPE_NAMES = {
  secret: "manifest.Secret",
  certificate: "manifest.Certificate",
  publicKey: "manifest.PublicKey",
  privateKey: "manifest.PrivateKey",
} as const;

/** Where a template's text ends up. */
export type TemplateKind = "file" | "env";

const PEM_LABELS: ReadonlyMap<string, string> = new Map([
  [SECRET_TYPE_NAMES.certificate, "CERTIFICATE"],
  [SECRET_TYPE_NAMES.publicKey, "PUBLIC KEY"],
  [SECRET_TYPE_NAMES.privateKey, "PRIVATE KEY"],
]);

const COMMON: readonly (readonly [string, TemplateFunction])[] = [
  ["pem", unary(pem)],
  ["hex", unary((value) => toHex(secretBytes(value)))],
  ["base64", unary((value) => toBase64(secretBytes(value)))],
];

const BY_KIND: Readonly<Record<TemplateKind, ReadonlyMap<string, TemplateFunction>>> = {
  file: new Map([...COMMON, ["raw", unary((value) => binaryOfBytes(secretBytes(value)))]]),
  env: new Map([...COMMON, ["string", unary(plainText)]]),
};

/** The functions on secrets (spec marblerun section 5.2): `raw` in files only, `string` in env only. */
export function secretFunctions(kind: TemplateKind): ReadonlyMap<string, TemplateFunction> {
  return BY_KIND[kind];
}

function unary(call: (value: TemplateValue) => string): TemplateFunction {
  return { minArguments: 1, maxArguments: 1, call: ([value]) => call(value) };
}

function refuse(message: string): never {
  throw new ManifestError("TEMPLATE_EXECUTION", message);
}

function pem(value: TemplateValue): string {
  const bytes = secretBytes(value);
  const label = PEM_LABELS.get(secretTypeName(value));
  return label === undefined
    ? refuse("pem needs the Cert, Public or Private part of a secret")
    : encodePem(label, bytes);
}

function plainText(value: TemplateValue): string {
  if (secretTypeName(value) !== SECRET_TYPE_NAMES.secret || fieldOf(value, "Type") !== "plain") {
    return refuse("string needs a secret of type plain, without a part");
  }
  const text = binaryOfBytes(secretBytes(value));
  return text.includes("\0")
    ? refuse("secret contains a NUL byte, which no variable can hold")
    : text;
}

/** Certificate: its DER; keys: their bytes; a whole secret: its public bytes. Empty is refused. */
function secretBytes(value: TemplateValue): Uint8Array {
  if (value === undefined) return refuse("secret does not exist");
  const name = secretTypeName(value);
  const part =
    name === SECRET_TYPE_NAMES.secret
      ? fieldOf(value, "Public")
      : name === SECRET_TYPE_NAMES.certificate
        ? fieldOf(value, "Raw")
        : value;
  if (name === "" || !isTemplateBytes(part))
    return refuse("needs a secret or its Cert, Public or Private part");
  return part.bytes.length > 0 ? part.bytes : refuse("secret has no value yet");
}

function secretTypeName(value: TemplateValue): string {
  if (typeof value !== "object" || isTemplateMap(value)) return "";
  return Object.values<string>(SECRET_TYPE_NAMES).includes(value.typeName) ? value.typeName : "";
}

function fieldOf(value: TemplateValue, name: string): TemplateValue {
  return isTemplateStruct(value) ? value.fields.get(name) : undefined;
}
