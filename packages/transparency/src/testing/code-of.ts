import { type Codes, codesOf } from "@carrara/encoding/testing";
import { TransparencyError } from "../error.ts";

const codes: Codes = codesOf(TransparencyError);

/** The code `action` fails with, `none` when it does not; errors of another class pass through. */
export const codeOf: Codes["codeOf"] = codes.codeOf;
/** The code `work` fails with, `none` when it does not. */
export const codeOfWork: Codes["codeOfWork"] = codes.codeOfWork;
