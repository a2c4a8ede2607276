/** Why an application could not be turned into signed images. */
export type ImageErrorCode =
  | "APP_CONFIG_INVALID"
  | "APP_IMAGE_UNKNOWN"
  | "ASSETS_FAILED"
  | "BUNDLE_FAILED"
  | "SIGNING_KEY_MODE";

/** Thrown by every function of this package; carries a stable `code`. */
export class ImageError extends Error {
  readonly code: ImageErrorCode;

  constructor(code: ImageErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "ImageError";
    this.code = code;
  }
}
