export {
  type AppConfig,
  type AssetsConfig,
  type ImageConfig,
  parseAppConfig,
  readAppConfig,
} from "./app-config.ts";
export {
  type BuildImagesOptions,
  type BuildProgress,
  type BuiltImage,
  buildImages,
} from "./build-images.ts";
export { type BundleProgramOptions, bundleProgram } from "./bundle-program.ts";
export { ImageError, type ImageErrorCode } from "./error.ts";
export { loadImage } from "./image-file.ts";
export { type SignedImage, type SignImagesOptions, signImages } from "./sign-images.ts";
export { openSigningKey } from "./signing-key.ts";
