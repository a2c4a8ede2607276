/** 2^63 - 1 nanoseconds, the longest Go duration, in milliseconds: about 292 years. */
const LONGEST_VALIDITY_MS = 9_223_372_036_854;

/** Start and end of a certificate made now that is to outlive every mesh (spec marblerun section 1.5). */
export function longestValidity(now: Date): { notBefore: Date; notAfter: Date } {
  return { notBefore: now, notAfter: new Date(now.getTime() + LONGEST_VALIDITY_MS) };
}
