/** A family of AMD processors with one root key; Bergamo and Siena count as Genoa (section 1.7). */
export type SnpProduct = "Milan" | "Genoa" | "Turin";

const PRODUCTS: readonly SnpProduct[] = ["Milan", "Genoa", "Turin"];

/** What a report of version 3 or later says of its processor; base and extended values added up. */
export interface SnpCpuid {
  readonly family: number;
  readonly model: number;
  readonly stepping: number;
}

interface ModelRange {
  readonly product: SnpProduct;
  readonly family: number;
  readonly first: number;
  readonly last: number;
}

const MODELS: readonly ModelRange[] = [
  { product: "Milan", family: 0x19, first: 0x00, last: 0x0f },
  { product: "Genoa", family: 0x19, first: 0x10, last: 0x1f },
  { product: "Genoa", family: 0x19, first: 0xa0, last: 0xaf },
  { product: "Turin", family: 0x1a, first: 0x00, last: 0x11 },
];

/** The product of a processor, if it is one whose root key is known. */
export function productOfCpuid({ family, model }: SnpCpuid): SnpProduct | undefined {
  return MODELS.find(
    (range) => range.family === family && range.first <= model && model <= range.last,
  )?.product;
}

/** The product that a certificate names, stepping left aside: `Milan-B0` is Milan. */
export function productOfName(name: string): SnpProduct | undefined {
  const [family] = name.split("-", 1);
  return PRODUCTS.find((product) => product === family);
}
