import { EncodingError, fromHex, utf8 } from "@carrara/encoding";
import { ManifestError } from "./error.ts";
import { type GoDecoder, goBool, goObject, goString } from "./go-json.ts";
import { decodeGoBase64 } from "./go-json-scalars.ts";

/** A value of `Files` or `Env`, decoded; `data` is template text unless `noTemplates`. */
export interface ManifestFile {
  readonly data: Uint8Array;
  readonly noTemplates: boolean;
}

const fileObject: GoDecoder<{
  readonly data: string;
  readonly encoding: string;
  readonly noTemplates: boolean;
}> = goObject({ data: goString, encoding: goString, noTemplates: goBool });

/**
 * Reads a plain string, or `{Data, Encoding, NoTemplates}` with the encoding `string` (default),
 * `base64` or `hex` in any case (spec marblerun section 4.2). Throws `MANIFEST_FILE_ENTRY` for
 * anything else, `null` too, and `MANIFEST_FILE_ENCODING`.
 */
export const manifestFile: GoDecoder<ManifestFile> = {
  zero: { data: new Uint8Array(0), noTemplates: false },
  read: (node, at) => {
    if (node.kind === "string") return { data: utf8(node.value), noTemplates: false };
    if (node.kind !== "object") {
      throw new ManifestError(
        "MANIFEST_FILE_ENTRY",
        `${at}: needs text or an object, had ${node.kind}`,
      );
    }
    const { data, encoding, noTemplates } = fileObject.read(node, at, fileObject.zero);
    return { data: decodeData(data, encoding, at), noTemplates };
  },
};

function decodeData(data: string, encoding: string, at: string): Uint8Array {
  const kind = encoding.toLowerCase();
  if (kind === "" || kind === "string") return utf8(data);
  if (kind !== "base64" && kind !== "hex") {
    throw new ManifestError(
      "MANIFEST_FILE_ENCODING",
      `${at}: encoding is not string, base64 or hex`,
    );
  }
  try {
    return kind === "hex" ? fromHex(data) : decodeGoBase64(data, at);
  } catch (cause) {
    if (!(cause instanceof EncodingError || cause instanceof ManifestError)) throw cause;
    throw new ManifestError("MANIFEST_FILE_ENCODING", `${at}: data is not ${kind}`, { cause });
  }
}
