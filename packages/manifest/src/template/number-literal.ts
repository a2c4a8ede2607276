const INTEGER =
  /^([+-]?)(?:0[xX]((?:_?[0-9a-fA-F])+)|0[bB]((?:_?[01])+)|0[oO]?((?:_?[0-7])+)|(0|[1-9](?:_?[0-9])*))$/;
const DECIMAL = /^[+-]?(?:[0-9](?:_?[0-9])*)?(?:\.(?:[0-9](?:_?[0-9])*)?)?(?:[eE][+-]?[0-9]+)?$/;
/** Characters of a literal; those of a 64-bit number in binary, with separators, fit. */
const MAX_LENGTH = 140;
const MIN_INT64 = -(2n ** 63n);
const MAX_INT64 = 2n ** 63n - 1n;

/**
 * The value of a Go number: an integer as `bigint`, a float as `number`; `undefined` when it is
 * malformed, out of range, imaginary or a hexadecimal float, none of which a manifest needs.
 */
export function parseNumberLiteral(literal: string): bigint | number | undefined {
  if (literal.length > MAX_LENGTH) return undefined;
  const [all, sign, hex, binary, octal, decimal] = INTEGER.exec(literal) ?? [];
  if (all !== undefined) {
    const digits =
      (hex && `0x${hex}`) ?? (binary && `0b${binary}`) ?? (octal && `0o${octal}`) ?? decimal ?? "";
    const magnitude = BigInt(digits.replaceAll("_", ""));
    const value = sign === "-" ? -magnitude : magnitude;
    return value >= MIN_INT64 && value <= MAX_INT64 ? value : undefined;
  }
  if (!DECIMAL.test(literal) || !/[0-9]/.test(literal)) return undefined;
  const value = Number(literal.replaceAll("_", ""));
  return Number.isFinite(value) && /[.eE]/.test(literal) ? value : undefined;
}
