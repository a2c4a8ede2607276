import { type Codes, codesOf } from "@carrara/encoding/testing";
import { TransparencyError } from "@carrara/transparency";
import { BallotError } from "../error.ts";

const codes: Codes = codesOf(BallotError, TransparencyError);

/** The code `action` fails with, `none` when it does not; errors without a code of ours pass through. */
export const codeOf: Codes["codeOf"] = codes.codeOf;
/** The code `work` fails with, `none` when it does not. */
export const codeOfWork: Codes["codeOfWork"] = codes.codeOfWork;
