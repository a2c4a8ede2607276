/** The Coordinator program that a reader expects. */
export type ExpectedProgram =
  | { readonly kind: "any" }
  | {
      readonly kind: "named";
      /** 64 hex digits, 96 on SEV-SNP. */
      readonly uniqueId: string;
    }
  /** Something was entered that is no measurement: nothing may be called verified. */
  | { readonly kind: "unreadable" };

/** SHA-256; on SEV-SNP SHA-384. */
const UNIQUE_ID = /^(?:[0-9a-f]{64}|[0-9a-f]{96})$/;

/** Reads what somebody entered. */
export function expectedProgramOf(text: string): ExpectedProgram {
  const value = text.trim().toLowerCase();
  if (value === "") return { kind: "any" };
  return UNIQUE_ID.test(value) ? { kind: "named", uniqueId: value } : { kind: "unreadable" };
}
