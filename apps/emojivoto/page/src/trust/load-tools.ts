/** The page's own verifier and cryptography. */
export type Tools = typeof import("./tools.ts");

/** Loads them, from the page's own origin as everything; the browser keeps what was loaded. */
export async function loadTools(): Promise<Tools> {
  return await import("./tools.ts");
}
