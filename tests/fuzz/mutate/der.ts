import { concatBytes } from "@carrara/encoding";
import type { Random } from "../random.ts";
import type { MutationContext, Mutator } from "./bytes.ts";

/** An element that is to be written; `octets` instead of what would be its length, where it lies. */
interface Element {
  tag: number;
  /** Children of a constructed element, or of a string that holds DER itself. */
  children: Element[];
  /** Before the children: the unused bits of a BIT STRING; or all there is. */
  content: Uint8Array;
  octets?: Uint8Array;
}

/** What nesting, at most, is looked into: deeper than any certificate. */
const MAX_DEPTH = 24;
const WRAPPERS = [0x04, 0x03] as const;
const TAGS = [0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x0a, 0x0c, 0x13, 0x17, 0x18, 0x1f, 0x30, 0x31];
const CONTEXT_TAGS = [0x80, 0x81, 0x82, 0x87, 0xa0, 0xa1, 0xa3, 0xbf];
const TIMES = [
  "000000000000Z",
  "991231235960Z",
  "240230000000Z",
  "24013100000Z",
  "240131000000+0100",
  "19500101000000Z",
  "99991231235959Z",
  "00000101000000Z",
  "20240229000000.5Z",
  "NaN",
];

/** Changes a DER structure at one element and mends the lengths around it, or breaks just one. */
const changeElement: Mutator = (input, context) => {
  const roots = readElements(input, 0);
  if (roots === undefined || roots.length === 0) return input.slice();
  change(pickSiblings(roots, context.random), context);
  const out = concatBytes(...roots.map(write));
  return out.length > context.maxBytes ? out.slice(0, context.maxBytes) : out;
};

/** Elements beside one another, somewhere in the tree: often deep, where most readers get last. */
function pickSiblings(roots: Element[], random: Random): Element[] {
  let siblings = roots;
  while (!random.oneIn(4)) {
    const { children } = random.pick(siblings);
    if (children.length > 0) siblings = children;
    else if (random.oneIn(2)) break;
  }
  return siblings;
}

/** Elements of `bytes`, or undefined where they are no DER. */
function readElements(bytes: Uint8Array, depth: number): Element[] | undefined {
  const elements: Element[] = [];
  let at = 0;
  while (at < bytes.length) {
    const header = readHeader(bytes, at);
    if (header === undefined || depth > MAX_DEPTH) return undefined;
    elements.push(readElement(bytes[at] ?? 0, bytes.subarray(header.start, header.end), depth));
    at = header.end;
  }
  return elements;
}

function readHeader(bytes: Uint8Array, at: number): { start: number; end: number } | undefined {
  const first = bytes[at + 1] ?? 0xff;
  const count = first < 0x80 ? 0 : first - 0x80;
  if (count > 3) return undefined;
  const start = at + 2 + count;
  const length =
    count === 0 ? first : bytes.subarray(at + 2, start).reduce((n, b) => n * 256 + b, 0);
  return start + length > bytes.length ? undefined : { start, end: start + length };
}

function readElement(tag: number, content: Uint8Array, depth: number): Element {
  const leaf = { tag, children: [], content };
  const isConstructed = (tag & 0x20) !== 0;
  if (!isConstructed && !WRAPPERS.some((wrapper) => wrapper === tag)) return leaf;
  const prefix = tag === 0x03 ? 1 : 0;
  const inner = content.subarray(prefix);
  if (!isConstructed && inner[0] !== 0x30) return leaf;
  const children = readElements(inner, depth + 1);
  return children === undefined ? leaf : { tag, children, content: content.subarray(0, prefix) };
}

function write(element: Element): Uint8Array {
  const body = concatBytes(element.content, ...element.children.map(write));
  return concatBytes(
    new Uint8Array([element.tag]),
    element.octets ?? lengthOctets(body.length),
    body,
  );
}

function lengthOctets(length: number): Uint8Array {
  if (length < 0x80) return new Uint8Array([length]);
  return length < 0x100
    ? new Uint8Array([0x81, length])
    : length < 0x1_0000
      ? new Uint8Array([0x82, length >> 8, length & 0xff])
      : new Uint8Array([0x83, length >> 16, (length >> 8) & 0xff, length & 0xff]);
}

function change(children: Element[], { random, maxBytes }: MutationContext): void {
  const at = random.below(children.length);
  const element = children[at];
  if (element === undefined) return;
  random.pick<() => void>([
    () => void children.splice(at, 1),
    () => void children.splice(at, 0, element),
    () => void children.splice(random.below(children.length), 0, ...children.splice(at, 1)),
    () => void children.splice(at, 1, wrapped(element, random, maxBytes)),
    () => repeat(children, at, random, maxBytes),
    () => setTag(element, random),
    () => lie(element, random),
    () => setContent(element, random, maxBytes),
    () => setContent(element, random, maxBytes),
  ])();
}

/** Inside one more element, or very many. */
function wrapped(element: Element, random: Random, maxBytes: number): Element {
  const deepest = Math.floor(maxBytes / 5);
  const depth = random.oneIn(8) ? random.below(Math.min(deepest, 2000)) : 1 + random.below(3);
  const tag = random.pick([0x30, 0x31, 0xa0, 0xa3]);
  // Headers from the inside out, so that no recursion as deep as the nesting is needed.
  const headers: Uint8Array[] = [];
  let length = write(element).length;
  for (let i = 0; i < depth; i += 1) {
    const header = concatBytes(new Uint8Array([tag]), lengthOctets(length));
    headers.unshift(header);
    length += header.length;
  }
  const [first = new Uint8Array([tag])] = headers;
  const content = concatBytes(...headers.slice(1), write(element));
  return { tag: first[0] ?? tag, children: [], content };
}

function repeat(children: Element[], at: number, random: Random, maxBytes: number): void {
  const element = children[at];
  if (element === undefined) return;
  const most = Math.floor(maxBytes / (write(element).length + 1));
  const count = random.oneIn(20) ? random.below(most) : random.below(Math.min(most, 8));
  children.splice(at, 0, ...Array.from({ length: count }, () => element));
}

function setTag(element: Element, random: Random): void {
  element.tag = random.pick([...TAGS, ...CONTEXT_TAGS, random.below(256)]);
}

/** A length that is indefinite, not minimal, enormous or not that of the content. */
function lie(element: Element, random: Random): void {
  const length = write(element).length;
  const long = (count: number): number[] =>
    Array.from({ length: count }, (_, i) => (i === count - 1 ? length & 0xff : 0));
  const octets = random.pick<number[]>([
    [0x80],
    [0x81, length & 0x7f],
    [0x82, 0, length & 0xff],
    [0x84, 0xff, 0xff, 0xff, 0xff],
    [0x84, 0x7f, 0xff, 0xff, 0xff],
    [0x85, ...long(5)],
    [0x88, ...long(8)],
    [0xff],
    [random.below(256)],
  ]);
  element.octets = new Uint8Array(octets);
}

function setContent(element: Element, random: Random, maxBytes: number): void {
  const { content } = element;
  element.children = [];
  element.content = random.pick<() => Uint8Array>([
    () => new Uint8Array(),
    () => random.bytes(1 + random.below(40)),
    () => new Uint8Array(1 + random.below(70)).fill(random.pick([0, 1, 0x7f, 0x80, 0xff])),
    () => concatBytes(content, random.bytes(1)),
    () => concatBytes(new Uint8Array([random.pick([0, 0x80, 0xff])]), content),
    () => content.slice(0, random.below(content.length)),
    () => new TextEncoder().encode(random.pick(TIMES)),
    () => content.slice(1),
    () => longContent(random, maxBytes),
  ])();
}

/** A number, name or text far above every real one: what grows faster than its input shows here. */
function longContent(random: Random, maxBytes: number): Uint8Array {
  const length = random.oneIn(4) ? random.below(maxBytes) : 128 + random.below(2000);
  return new Uint8Array(length).fill(random.pick([1, 0x30, 0x41, 0x7f]));
}

/** Mutators of DER, beside those of bytes. */
export const DER_MUTATORS: readonly Mutator[] = [changeElement];
