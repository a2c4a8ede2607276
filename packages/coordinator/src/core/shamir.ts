import { CoordinatorError } from "../error.ts";

/** Most shares: the x coordinate is one non-zero byte. */
const MAX_SHARES = 255;

/** Logarithms to the generator 3 in GF(2^8) with the polynomial 0x11B, and their inverse. */
const { EXP, LOG } = buildTables();

function buildTables(): { EXP: Uint8Array; LOG: Uint8Array } {
  const exp = new Uint8Array(510);
  const log = new Uint8Array(256);
  let value = 1;
  for (let power = 0; power < 255; power += 1) {
    exp[power] = value;
    exp[power + 255] = value;
    log[value] = power;
    const doubled = value << 1;
    value = (doubled ^ value ^ (doubled & 0x100 ? 0x11b : 0)) & 0xff;
  }
  return { EXP: exp, LOG: log };
}

function multiply(a: number, b: number): number {
  return a === 0 || b === 0 ? 0 : (EXP[(LOG[a] ?? 0) + (LOG[b] ?? 0)] ?? 0);
}

function divide(a: number, b: number): number {
  return a === 0 ? 0 : (EXP[(LOG[a] ?? 0) + 255 - (LOG[b] ?? 0)] ?? 0);
}

/**
 * Splits `secret` into `count` shares of which any `threshold` restore it (section 8.4): the y bytes,
 * then the x byte. `randomBytes` makes the polynomials. Throws `TypeError` for impossible numbers.
 */
export function splitSecret(
  secret: Uint8Array,
  count: number,
  threshold: number,
  randomBytes: (length: number) => Uint8Array,
): readonly Uint8Array[] {
  if (threshold < 2 || threshold > count || count > MAX_SHARES) {
    throw new TypeError(`${threshold} of ${count} shares is impossible`);
  }
  const coefficients = Array.from({ length: threshold - 1 }, () => randomBytes(secret.length));
  return Array.from({ length: count }, (_, index) => {
    const x = index + 1;
    const share = new Uint8Array(secret.length + 1);
    for (let i = 0; i < secret.length; i += 1) {
      const highestFirst = coefficients.map((row) => row[i] ?? 0);
      const sum = highestFirst.reduce((value, c) => multiply(value, x) ^ c, 0);
      share[i] = multiply(sum, x) ^ (secret[i] ?? 0);
    }
    share[secret.length] = x;
    return share;
  });
}

/**
 * The secret that `shares` restore; too few or wrong ones give a wrong value, which only its use
 * shows. Throws `RECOVERY_SECRET_INVALID` for unequal lengths or equal x coordinates.
 */
export function combineShares(shares: readonly Uint8Array[]): Uint8Array {
  const length = shares[0]?.length ?? 0;
  const xs = shares.map((share) => share.at(-1) ?? 0);
  const distinct = new Set(xs).size === xs.length && !xs.includes(0);
  if (length < 2 || !distinct || shares.some((share) => share.length !== length)) {
    throw new CoordinatorError("RECOVERY_SECRET_INVALID", "shares do not belong together");
  }
  const weights = xs.map((x, i) =>
    xs.reduce(
      (weight, other, j) => (i === j ? weight : multiply(weight, divide(other, other ^ x))),
      1,
    ),
  );
  return Uint8Array.from({ length: length - 1 }, (_, position) =>
    shares.reduce((sum, share, i) => sum ^ multiply(share[position] ?? 0, weights[i] ?? 0), 0),
  );
}
