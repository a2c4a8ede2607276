import { toBase64 } from "@carrara/encoding";
import type { SecretValue } from "@carrara/manifest";
import { printable } from "../printable.ts";

/** Secrets for people: a name, then its fields, indented by a tab; bytes are base64. */
export function secretText(secrets: ReadonlyMap<string, SecretValue>): string {
  return [...secrets]
    .flatMap(([name, secret]) => [`${printable(name)}:`, ...rows(secret)])
    .join("\n");
}

type Row = readonly [label: string, value: string | undefined];

function rows(secret: SecretValue): readonly string[] {
  const { type, userDefined, size } = secret;
  const fields: readonly Row[] = [
    ["Type", type],
    ["UserDefined", String(userDefined)],
    ...(type === "plain" ? [] : [["Size", String(size)] satisfies Row]),
    ...(type.startsWith("cert-") ? certificateRows(secret) : valueRows(secret)),
  ];
  return fields.map(([label, value]) => `\t${label}: ${printable(value ?? "not set")}`);
}

function certificateRows({
  cert,
  private: key,
  public: publicKey,
  validFor,
}: SecretValue): readonly Row[] {
  return [
    ["ValidFor", String(validFor)],
    ["Certificate", base64(cert)],
    ["Public Key", base64(publicKey)],
    ["Private Key", base64(key)],
  ];
}

function valueRows({ type, private: value }: SecretValue): readonly Row[] {
  return [[type === "plain" ? "Data" : "Key", base64(value)]];
}

function base64(bytes: Uint8Array | undefined): string | undefined {
  return bytes && toBase64(bytes);
}
