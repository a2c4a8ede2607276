import fc from "fast-check";

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** Values that take the place of others: of each JSON type, at their limits, and templates. */
const REPLACEMENTS: readonly Json[] = [
  null,
  true,
  false,
  "",
  "x",
  -1,
  0,
  0.5,
  1,
  7,
  65_536,
  2 ** 53,
  1e300,
  [],
  {},
  [null],
  { Data: "{{", Encoding: "hex" },
  { Data: "e3t9fQ==", Encoding: "base64" },
  "{{ hex .Secrets.key }}",
  "{{ pem .Secrets.cert.Cert }}",
  "{{ range $x := .Secrets }}{{ end }}",
  "{{ index .Secrets 3 }}",
  '{{ printf "%v %s" .MarbleRun .Secrets }}',
  '{{ template "x" }}',
  "\u0000",
  "😀".repeat(100),
  "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----",
  "cert-rsa",
  "plain",
  "Disabled",
];

/** Any JSON text near a manifest: some values are others, are gone, or are there twice. */
export function anyManifestNear(manifest: Uint8Array): fc.Arbitrary<Uint8Array> {
  const base: Json = JSON.parse(new TextDecoder().decode(manifest));
  const change = fc.record({
    at: fc.nat(),
    how: fc.constantFrom("similar", "similar", "similar", "replace", "remove", "rename", "any"),
    by: fc.constantFrom(...REPLACEMENTS),
    any: fc.jsonValue(),
    name: fc.constantFrom("", "p", "web", "x y", "__proto__", "constructor", "key", "toString"),
  });
  const text = fc.array(change, { minLength: 1, maxLength: 4 }).map((changes) => {
    const changed = changes.reduce((value, { at, how, by, any, name }) => {
      const counter = { left: at % countOf(value) };
      return changeAt(value, counter, (old) => {
        if (how === "remove") return undefined;
        if (how === "similar") return similarTo(old, at);
        if (how === "rename") return isObject(old) ? renamed(old, name) : by;
        return how === "any" ? (any as Json) : by;
      });
    }, base);
    return new TextEncoder().encode(JSON.stringify(changed));
  });
  const cut = fc.tuple(text, fc.nat(), fc.nat(255)).map(([bytes, at, byte]) => {
    const copy = bytes.slice();
    copy[at % copy.length] = byte;
    return copy;
  });
  return fc.oneof({ weight: 6, arbitrary: text }, { weight: 1, arbitrary: cut });
}

/** Another value of the same JSON type, which is refused later than one of another. */
function similarTo(value: Json, choice: number): Json {
  const kind = kindOf(value);
  const similar = REPLACEMENTS.filter((each) => kindOf(each) === kind);
  return similar[choice % similar.length] ?? value;
}

function kindOf(value: Json): string {
  return value === null ? "null" : Array.isArray(value) ? "array" : typeof value;
}

function isObject(value: Json): value is { readonly [key: string]: Json } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function childrenOf(value: Json): readonly Json[] {
  if (Array.isArray(value)) return value;
  return isObject(value) ? Object.values(value) : [];
}

function countOf(value: Json): number {
  return 1 + childrenOf(value).reduce<number>((sum, child) => sum + countOf(child), 0);
}

/** Changes the value that comes when `counter` has run out, in order of the text. */
function changeAt(
  value: Json,
  counter: { left: number },
  change: (old: Json) => Json | undefined,
): Json {
  const inner = (child: Json): Json | undefined => {
    counter.left -= 1;
    return counter.left === 0 ? change(child) : changeAt(child, counter, change);
  };
  if (Array.isArray(value)) return value.map(inner).filter((item) => item !== undefined);
  if (!isObject(value)) return value;
  const entries = Object.entries(value).map(([key, child]) => [key, inner(child)] as const);
  return Object.fromEntries(
    entries.filter((entry): entry is readonly [string, Json] => entry[1] !== undefined),
  );
}

function renamed(value: { readonly [key: string]: Json }, name: string): Json {
  const [first, ...rest] = Object.entries(value);
  if (first === undefined) return value;
  const entries = [[name, first[1]], ...rest] as const;
  const members = entries.map(
    ([key, member]) => `${JSON.stringify(key)}:${JSON.stringify(member)}`,
  );
  // Parsed, so that `__proto__` is a key like any other.
  return JSON.parse(`{${members.join(",")}}`);
}
