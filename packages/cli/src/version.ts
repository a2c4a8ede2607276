/** Replaced by the bundler; absent when the sources run unbundled. */
declare const CARRARA_COMMIT: string | undefined;

/** The version of every package of this repository. */
export const VERSION = "0.1.0";

/** The commit that the program was built from, `unknown` outside a build from a repository. */
export const COMMIT: string = typeof CARRARA_COMMIT === "string" ? CARRARA_COMMIT : "unknown";
