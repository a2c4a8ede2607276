/** The Coordinator program that a reader expects. */
export type ExpectedProgram =
  | { readonly kind: "any" }
  | {
      readonly kind: "named";
      /** 64 hex digits. */
      readonly uniqueId: string;
    }
  /** Something was entered that is no measurement: nothing may be called verified. */
  | { readonly kind: "unreadable" };

const UNIQUE_ID = /^[0-9a-f]{64}$/;

/** Reads what somebody entered. */
export function expectedProgramOf(text: string): ExpectedProgram {
  const value = text.trim().toLowerCase();
  if (value === "") return { kind: "any" };
  return UNIQUE_ID.test(value) ? { kind: "named", uniqueId: value } : { kind: "unreadable" };
}
