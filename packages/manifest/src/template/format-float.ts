/** How `%e`, `%f` and `%g` show a float. */
export interface FloatFormat {
  readonly verb: "e" | "f" | "g";
  /** Digits; `undefined` = 6, or for `g` as few as tell the value apart. */
  readonly precision: number | undefined;
}

/** Digits without precision; `g` then turns to an exponent where a whole number would have more. */
const DEFAULT_DIGITS = 6;
/** Most digits JavaScript can give; a float64 has no more than 17 that matter. */
const MAX_DIGITS = 100;

/** A finite float as Go's `strconv` writes it, with its sign if negative. */
export function formatFloat(value: number, { verb, precision }: FloatFormat): string {
  const sign = value < 0 || Object.is(value, -0) ? "-" : "";
  const size = Math.abs(value);
  const digits = precision === undefined ? undefined : Math.min(precision, MAX_DIGITS);
  if (verb === "f") return sign + fixed(size, digits ?? DEFAULT_DIGITS);
  if (verb === "e") return sign + exponential(size, digits ?? DEFAULT_DIGITS);
  return sign + general(size, digits);
}

function general(size: number, precision: number | undefined): string {
  const significant = precision === undefined ? undefined : Math.max(precision, 1);
  const shown =
    significant === undefined ? size.toExponential() : size.toExponential(significant - 1);
  const [mantissa = "0", exponentText = "0"] = shown.split("e");
  const digits = trimZeros(mantissa);
  const exponent = Number(exponentText);
  if (exponent < -4 || exponent >= (significant ?? DEFAULT_DIGITS))
    return digits + exponentSuffix(exponent);
  return trimZeros(placePoint(digits.replace(".", ""), exponent));
}

function placePoint(digits: string, exponent: number): string {
  if (exponent < 0) return `0.${"0".repeat(-exponent - 1)}${digits}`;
  const whole = digits.slice(0, exponent + 1).padEnd(exponent + 1, "0");
  return `${whole}.${digits.slice(exponent + 1)}`;
}

function trimZeros(text: string): string {
  return text.includes(".") ? text.replace(/\.?0*$/, "") : text;
}

function exponential(size: number, digits: number): string {
  const [mantissa = "0", exponent = "0"] = size.toExponential(digits).split("e");
  return mantissa + exponentSuffix(Number(exponent));
}

function exponentSuffix(exponent: number): string {
  return `e${exponent < 0 ? "-" : "+"}${String(Math.abs(exponent)).padStart(2, "0")}`;
}

function fixed(size: number, digits: number): string {
  if (size < 1e21) return size.toFixed(digits);
  // From 1e21 on `toFixed` writes exponents, and a float has no fraction left.
  const whole = BigInt(size).toString();
  return digits === 0 ? whole : `${whole}.${"0".repeat(digits)}`;
}
