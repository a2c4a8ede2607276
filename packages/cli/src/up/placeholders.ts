import { CliError } from "../cli-error.ts";

/** What a manifest may say of a built image, by name, in place of hex digits. */
export interface ImageIdentity {
  readonly UniqueID: string;
  readonly SignerID: string;
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
    if (image !== undefined && (field === "SignerID" || field === "UniqueID")) return image[field];
    throw new CliError(
      "PLACEHOLDER_UNKNOWN",
      `manifest has ${placeholder}; known are SignerID and UniqueID of ${[...images.keys()].join(", ")}`,
    );
  });
}
