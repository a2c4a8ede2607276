import { utf8 } from "@carrara/encoding";
import { encodeImage, type ImageContent } from "../image/image.ts";
import type { LaunchSettings } from "../image/launch-settings.ts";
import type { NodeExecutable } from "../image/node-executable.ts";
import { generateSigningKey, signImage } from "../image/sign-image.ts";

/** Settings of an image that asks for nothing special. */
export const PLAIN_SETTINGS: LaunchSettings = {
  productId: 7,
  securityVersion: 3,
  debug: false,
  execArgv: [],
  envAllow: ["CARRARA_*", "EDG_*"],
  env: {},
};

/** A Node binary that exists in measurements only. */
export const PAPER_NODE: NodeExecutable = {
  path: "/nowhere/node",
  bytes: 1234,
  sha256: new Uint8Array(32).fill(0x4e),
};

/** An unsigned image around `source`. */
export function imageOf(source: string, settings: Partial<LaunchSettings> = {}): Uint8Array {
  const content: ImageContent = {
    bundle: utf8(source),
    settings: { ...PLAIN_SETTINGS, ...settings },
  };
  return encodeImage(content);
}

/** An image signed by a fresh key, or the one given. */
export async function signedImageOf(
  source: string,
  options: {
    readonly settings?: Partial<LaunchSettings>;
    readonly key?: string;
    readonly node?: NodeExecutable;
  } = {},
): Promise<Uint8Array> {
  const key = options.key ?? (await generateSigningKey());
  const { node } = options;
  const date = new Date("2026-11-21T12:00:00Z");
  const image = imageOf(source, options.settings);
  return await signImage(image, key, { date, ...(node === undefined ? {} : { node }) });
}
