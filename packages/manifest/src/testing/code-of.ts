import { type Codes, codesOf } from "@carrara/encoding/testing";
import { ManifestError } from "../error.ts";

/** The code `action` fails with, `none` when it does not; errors of another class pass through. */
export const codeOf: Codes["codeOf"] = codesOf(ManifestError).codeOf;
