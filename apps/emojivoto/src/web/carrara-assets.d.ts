/** The page inside the measured image; the image builder provides it. */
declare module "carrara:assets" {
  /** File bytes by path, for example `index.html`. */
  export const assets: ReadonlyMap<string, Uint8Array>;
}
