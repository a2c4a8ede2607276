/** The bundled command line. */
export const CLI_BUNDLE: string;
/** Whether the bundle is newer than every file it was made of. */
export function isCliFresh(): boolean;
/** Bundles the command line into one file. */
export function buildCli(): Promise<void>;
