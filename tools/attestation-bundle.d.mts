/** The library for browsers, and what it was made of. */
export interface AttestationBundle {
  /** One minified ES module. */
  readonly code: Uint8Array;
  /** Source files, relative to the repository. */
  readonly inputs: readonly string[];
  /** What is left to import. */
  readonly imports: readonly string[];
}

/** Bundles the library for browsers into one ES module; the same sources give the same bytes. */
export function bundleAttestation(): Promise<AttestationBundle>;

/** Writes the bundle to where the package's `./browser` points. */
export function buildAttestation(): Promise<void>;
