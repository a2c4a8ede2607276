import { DER_TAG, der, EncodingError, encodeDer, utf8 } from "@carrara/encoding";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  commonName,
  createCertificateRequest,
  encodeName,
  extension,
  generateEcKey,
  isSignedBy,
  issueCertificate,
  issueCrl,
  keyIdentifier,
  PkiError,
  parseAlternativeNames,
  parseBasicConstraints,
  parseCertificate,
  parseCertificateRequest,
  parseCrl,
  parseExtendedKeyUsage,
  parseKeyUsage,
  parseName,
} from "./index.ts";

/** A reader, and something that it reads. */
interface Codec {
  readonly name: string;
  readonly good: Uint8Array;
  readonly read: (bytes: Uint8Array) => unknown;
}

const DATE = new Date("2026-06-01T00:00:00Z");
const KEY = await generateEcKey("P-256");
const NAMES = { dnsNames: ["a.example"], ipAddresses: ["127.0.0.1", "::1"] };

async function codecs(): Promise<Codec[]> {
  const { spki, signer } = KEY;
  const name = commonName("name");
  const extensions = [
    extension.basicConstraints(true, 1),
    extension.keyUsage("keyCertSign", "cRLSign"),
    extension.subjectAlternativeName(NAMES),
  ];
  const template = { serial: new Uint8Array([9]), issuer: name, subject: name, spki };
  const certificate = await issueCertificate(
    { ...template, notBefore: DATE, notAfter: DATE, extensions },
    signer,
  );
  const crl = await issueCrl(
    {
      issuer: name,
      thisUpdate: DATE,
      nextUpdate: DATE,
      revoked: [{ serial: new Uint8Array([0x80, 1]), date: DATE }],
      extensions: [
        extension.crlNumber(7n),
        extension.authorityKeyIdentifier(await keyIdentifier(spki)),
      ],
    },
    signer,
  );
  const request = await createCertificateRequest({ subject: name, spki, ...NAMES }, signer);
  const value = (index: number): Uint8Array => extensions[index]?.value ?? new Uint8Array();
  return [
    { name: "certificate", good: certificate, read: parseCertificate },
    { name: "revocation list", good: crl, read: parseCrl },
    { name: "certificate request", good: request, read: parseCertificateRequest },
    { name: "name", good: encodeName(name), read: parseName },
    { name: "basic constraints", good: value(0), read: parseBasicConstraints },
    { name: "key usage", good: value(1), read: parseKeyUsage },
    { name: "alternative names", good: value(2), read: parseAlternativeNames },
    {
      name: "extended key usage",
      good: der.sequence(der.oid("1.3.6.1.5.5.7.3.1"), der.oid("1.3.6.1.5.5.7.3.2")),
      read: parseExtendedKeyUsage,
    },
  ];
}

/** `read`, `refused`, or what else came of it. */
async function outcomeOf({ read }: Codec, bytes: Uint8Array): Promise<string> {
  try {
    await read(bytes);
    return "read";
  } catch (error) {
    // Values of extensions and names are DER, for which the room below has the word.
    const isOurs = error instanceof PkiError || error instanceof EncodingError;
    return isOurs ? "refused" : String(error);
  }
}

function flipped(bytes: Uint8Array, bit: number): Uint8Array {
  const out = bytes.slice();
  out[bit >> 3] = (out[bit >> 3] ?? 0) ^ (1 << (bit & 7));
  return out;
}

const ALL = await codecs();

describe.each(ALL)("$name", (codec) => {
  const { good } = codec;

  test("is read, and refused at every truncation", async () => {
    expect(await outcomeOf(codec, good)).toBe("read");
    for (let length = 0; length < good.length; length += 1) {
      expect(await outcomeOf(codec, good.subarray(0, length))).toBe("refused");
    }
  });

  test("is read or refused with our code whatever bytes it has, or whatever bytes are changed", async () => {
    const expected = expect.stringMatching(/^(?:read|refused)$/);
    const edit = fc.tuple(fc.nat(good.length - 1), fc.nat(255));
    await fc.assert(
      fc.asyncProperty(fc.array(edit, { minLength: 1, maxLength: 5 }), async (edits) => {
        const bytes = good.slice();
        for (const [at, value] of edits) bytes[at] = value;
        expect(await outcomeOf(codec, bytes)).toEqual(expected);
      }),
      { numRuns: 200 },
    );
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (bytes) => {
        expect(await outcomeOf(codec, bytes)).toEqual(expected);
      }),
    );
  });
});

test("no flipped bit of a revocation list is under its signature", async () => {
  const good = ALL.find(({ name }) => name === "revocation list")?.good ?? new Uint8Array();
  const verify = async (bytes: Uint8Array): Promise<boolean> => {
    try {
      return await isSignedBy(parseCrl(bytes), KEY.spki);
    } catch (error) {
      if (error instanceof PkiError || error instanceof EncodingError) return false;
      throw error;
    }
  };
  expect(await verify(good)).toBe(true);
  await fc.assert(
    fc.asyncProperty(fc.nat(8 * good.length - 1), async (bit) => {
      expect(await verify(flipped(good, bit))).toBe(false);
    }),
    { numRuns: 200 },
  );
});

test("no flipped bit of a certificate request is under its signature", async () => {
  const request = ALL.find(({ name }) => name === "certificate request");
  if (request === undefined) throw new TypeError("there is no request");
  await fc.assert(
    fc.asyncProperty(fc.nat(8 * request.good.length - 1), async (bit) => {
      expect(await outcomeOf(request, flipped(request.good, bit))).toBe("refused");
    }),
    { numRuns: 200 },
  );
});

describe("a revocation list of a megabyte is refused, or read, in no time", () => {
  const algorithm = der.sequence(der.oid("1.2.840.10045.4.3.2"));
  const listOf = (...after: readonly Uint8Array[]): Uint8Array =>
    der.sequence(der.sequence(...after), algorithm, der.bitString(new Uint8Array(8)));
  const head = [der.integer(1), algorithm, encodeName(commonName("CA")), der.time(DATE)];
  const huge = encodeDer(DER_TAG.integer, new Uint8Array(1_000_000).fill(1));
  const many = Array.from({ length: 60_000 }, (_, i) =>
    der.sequence(der.oid(`1.2.${i}`), der.octetString(utf8("x"))),
  );

  test.each<[string, Uint8Array, string]>([
    ["its version", listOf(huge, algorithm), "CRL_MALFORMED"],
    [
      "a serial number",
      listOf(...head, der.sequence(der.sequence(huge, der.time(DATE)))),
      "CRL_MALFORMED",
    ],
    ["its extensions", listOf(...head, der.context(0, der.sequence(...many))), "read"],
    [
      "equal extensions",
      listOf(...head, der.context(0, der.sequence(...many, ...many.slice(0, 1)))),
      "CRL_MALFORMED",
    ],
  ])("with all of it in %s", (_, bytes, expected) => {
    const started = performance.now();
    let outcome = "read";
    try {
      parseCrl(bytes);
    } catch (error) {
      if (!(error instanceof PkiError)) throw error;
      outcome = error.code;
    }
    expect(outcome).toBe(expected);
    // What took time with the square of the size took seconds to minutes.
    expect(performance.now() - started).toBeLessThan(1500);
  });
});
