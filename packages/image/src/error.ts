/** Why an app could not be built or an image not be signed. */
export type ImageErrorCode =
  | "APP_CONFIG_INVALID"
  | "IMAGE_UNKNOWN"
  | "ASSETS_COMMAND_FAILED"
  | "ASSETS_INVALID"
  | "BUILD_FAILED"
  | "IMAGE_FILE_INVALID"
  | "SIGNING_KEY_MODE";

/** Thrown by everything in this package; carries a stable `code`. */
export class ImageError extends Error {
  readonly code: ImageErrorCode;

  constructor(code: ImageErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "ImageError";
    this.code = code;
  }
}
