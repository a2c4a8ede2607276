import { mrSignerOf, verifySigstruct } from "@carrara/attestation";
import { toHex } from "@carrara/encoding";
import { type CaseContext, checkFields, type IndexCase } from "./index-case.ts";

/** Runs a case of kind `sgx-sigstruct`. */
export async function runSigstructCase(
  item: IndexCase,
  { read, check }: CaseContext,
): Promise<void> {
  const sigstruct = await verifySigstruct(await read(String(item.sigstruct)));
  const actual = {
    mrSigner: toHex(await mrSignerOf(sigstruct.modulus)),
    mrEnclave: toHex(sigstruct.mrEnclave),
    attributes: toHex(sigstruct.attributes),
    isvProdId: sigstruct.isvProdId,
    isvSvn: sigstruct.isvSvn,
    exponent: sigstruct.exponent,
    signatureOk: true,
  };
  checkFields("sigstruct", item.expected, actual, check);
}
