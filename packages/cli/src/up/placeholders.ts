import { CliError } from "../cli-error.ts";

/** What a manifest may say of a built image, by name, in place of hex digits. */
export interface ImageIdentity {
  readonly UniqueID: string;
  /** Undefined where the TEE proves no signer. */
  readonly SignerID?: string;
}

const PLACEHOLDER = /\$\{([A-Za-z0-9_-]+)\.([A-Za-z]+)\}/g;

/**
 * Fills `${IMAGE.SignerID}` and `${IMAGE.UniqueID}` in a manifest's text with what was built. Throws
 * `PLACEHOLDER_UNKNOWN` for any other name.
 */
export function fillPlaceholders(
  manifest: string,
  images: ReadonlyMap<string, ImageIdentity>,
): string {
  return manifest.replace(PLACEHOLDER, (placeholder, name: string, field: string) => {
    const image = images.get(name);
    const value = field === "SignerID" || field === "UniqueID" ? image?.[field] : undefined;
    if (value !== undefined) return value;
    throw new CliError(
      "PLACEHOLDER_UNKNOWN",
      `manifest has ${placeholder}; known are SignerID and UniqueID of the images in enclave.json`,
    );
  });
}

/** Names of the images that a manifest's placeholders speak of. */
export function imagesNamedIn(manifest: string): readonly string[] {
  return [...manifest.matchAll(PLACEHOLDER)].flatMap(([, name]) => name ?? []);
}

const SIGNER_OF_IMAGE = /^\$\{([A-Za-z0-9_-]+)\.SignerID\}$/;

/**
 * Names packages of built images by measurement instead of by signer, product and version, none of
 * which a TD proves. Text that is no manifest stays as it is, for its reader to refuse.
 */
export function pinByMeasurement(manifest: string): string {
  const document = readObject(manifest);
  const packages = objectOf(document?.["Packages"]);
  if (document === undefined || packages === undefined) return manifest;
  const pinned = Object.entries(packages).map(([name, pkg]) => [name, pinPackage(pkg)]);
  return JSON.stringify({ ...document, Packages: Object.fromEntries(pinned) }, null, 2);
}

function pinPackage(value: unknown): unknown {
  const pkg = objectOf(value);
  const image = SIGNER_OF_IMAGE.exec(String(pkg?.["SignerID"]))?.[1];
  if (pkg === undefined || image === undefined) return value;
  const { SignerID: _, ProductID: __, SecurityVersion: ___, ...rest } = pkg;
  return { ...rest, UniqueID: `\${${image}.UniqueID}` };
}

function readObject(text: string): Record<string, unknown> | undefined {
  try {
    return objectOf(JSON.parse(text));
  } catch {
    return undefined;
  }
}

function objectOf(value: unknown): Record<string, unknown> | undefined {
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
  return isObject ? { ...value } : undefined;
}
