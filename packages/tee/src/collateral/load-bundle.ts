import { open, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import type { SnpProduct } from "@carrara/attestation";
import { derOf, textOf } from "./body.ts";
import {
  type CollateralBundle,
  EMPTY_BUNDLE,
  MAX_BUNDLE_BYTES,
  parseCollateralBundle,
} from "./bundle.ts";
import type { AmdKey } from "./provider.ts";
import { unavailable } from "./refusal.ts";

/** Most files of a directory. */
const MAX_FILES = 4096;
const PRODUCTS: readonly SnpProduct[] = ["Milan", "Genoa", "Turin"];

/**
 * Reads a bundle from a file, or from a directory: every `*.json` in it is a bundle document or a
 * DcapCollateral object, `*.der` a VCEK, `*.pem` a chain of ASK and ARK, and `PRODUCT-vcek.crl` or
 * `PRODUCT-vlek.crl` (DER, PEM or hex) a CRL. Other files and subdirectories do not count. Throws
 * `COLLATERAL_UNAVAILABLE`, and Node's system errors.
 */
export async function loadCollateralBundle(path: string): Promise<CollateralBundle> {
  if (!(await stat(path)).isDirectory()) {
    return parseCollateralBundle(await readBounded(path, MAX_BUNDLE_BYTES));
  }
  const names = (await readdir(path)).filter((name) => /\.(?:json|der|pem|crl)$/.test(name));
  if (names.length > MAX_FILES) {
    throw unavailable("malformed", `directory has ${names.length} files, ${MAX_FILES} allowed`);
  }
  let left = MAX_BUNDLE_BYTES;
  let bundle = EMPTY_BUNDLE;
  for (const name of names.toSorted()) {
    const bytes = await readBounded(join(path, name), left);
    left -= bytes.length;
    bundle = joined(bundle, readItem(name, bytes));
  }
  return bundle;
}

async function readBounded(path: string, maxBytes: number): Promise<Uint8Array> {
  const file = await open(path, "r");
  try {
    const { size } = await file.stat();
    if (size > maxBytes) throw unavailable("malformed", "the bundle is too large");
    return new Uint8Array(await file.readFile());
  } finally {
    await file.close();
  }
}

function readItem(name: string, bytes: Uint8Array): CollateralBundle {
  if (name.endsWith(".json")) return parseCollateralBundle(bytes);
  if (name.endsWith(".der")) return { ...EMPTY_BUNDLE, veks: [bytes] };
  if (name.endsWith(".pem")) return { ...EMPTY_BUNDLE, chains: [textOf(bytes)] };
  const [, line = "", key = ""] = /^([a-z]+)-(vcek|vlek)\.crl$/i.exec(name) ?? [];
  const product = PRODUCTS.find((known) => known.toLowerCase() === line.toLowerCase());
  if (product === undefined) throw unavailable("malformed", "a crl file is not PRODUCT-KEY.crl");
  return {
    ...EMPTY_BUNDLE,
    crls: [{ product, key: key.toLowerCase() as AmdKey, crl: derOf(bytes) }],
  };
}

function joined(a: CollateralBundle, b: CollateralBundle): CollateralBundle {
  return {
    dcap: [...a.dcap, ...b.dcap],
    veks: [...a.veks, ...b.veks],
    chains: [...a.chains, ...b.chains],
    crls: [...a.crls, ...b.crls],
  };
}
