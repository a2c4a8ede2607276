export { type AppConfig, type ImageConfig, readAppConfig } from "./app-config.ts";
export { type BuildOptions, type BuiltImage, buildImages } from "./build-images.ts";
export { ImageError, type ImageErrorCode } from "./error.ts";
export { loadOrCreateSigningKey, loadSigningKey, signImageFile } from "./signing-key.ts";
