import { toHex } from "@carrara/encoding";

/** A ballot code as pages show it: hex in groups of four, to compare by eye. */
export function ballotCodeText(commitment: Uint8Array): string {
  return toHex(commitment).replace(/.{4}(?=.)/g, "$& ");
}
