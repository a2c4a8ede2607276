import { EncodingError, fromHex } from "@carrara/encoding";
import { readBase64, TransparencyError } from "@carrara/transparency";
import { BallotError, type BallotErrorCode } from "./error.ts";

/** How a JSON document must look. */
export interface DocumentFormat {
  /** What its refusals are called. */
  readonly code: BallotErrorCode;
  readonly maxCharacters: number;
  /** Exactly these members, in any order. */
  readonly members: readonly string[];
  /** What its member `type` must say, looked at first: a file of another kind is called by its name. */
  readonly type?: string;
}

/** Members of a JSON object, read strictly; each method throws the document's code. */
export interface DocumentReader {
  string(member: string): string;
  /** A string, or undefined for null. */
  stringOrNull(member: string): string | undefined;
  /** A whole number from 0 to `most`. */
  integer(member: string, most: number): number;
  /** Bytes of lower-case hex. */
  hex(member: string, length: number): Uint8Array;
  /** Bytes of canonical base64, of `length` if that is given. */
  base64(member: string, length?: number): Uint8Array;
  /** One of several strings. */
  oneOf<T extends string>(member: string, values: readonly T[]): T;
  /** At most `most` strings. */
  strings(member: string, most: number): readonly string[];
  /** An object with exactly these members. */
  object(member: string, members: readonly string[]): DocumentReader;
  /** At most `most` objects with exactly these members. */
  objects(member: string, most: number, members: readonly string[]): readonly DocumentReader[];
  fail(message: string): BallotError;
}

/** Any string literal of JSON, and the colon that makes it the name of a member. */
const STRING = /"(?:[^"\\]|\\.)*"(\s*:)?/gs;

/** Reads a JSON object: no member twice, missing or unknown, at any depth that is read. */
export function readDocument(text: string, format: DocumentFormat): DocumentReader {
  const { code, maxCharacters, members, type } = format;
  if (text.length > maxCharacters) {
    throw new BallotError(code, `${text.length} characters, ${maxCharacters} allowed`);
  }
  const value = parseJson(text, code);
  // A member that is there twice is written once more than it is found.
  const written = [...text.matchAll(STRING)].filter(([, colon]) => colon !== undefined).length;
  if (written !== countMembers(value)) throw new BallotError(code, "a member is there twice");
  if (type !== undefined) requireType(value, type, code);
  return readerOf(value, members, code, "document");
}

/** Names of our own formats alone are repeated: a message never has a piece of the input otherwise. */
const OWN_TYPE = /^carrara\.[a-z]{1,16}(?:\.[a-z]{1,16})?\.v[0-9]{1,3}$/;

function requireType(value: unknown, type: string, code: BallotErrorCode): void {
  if (isObject(value) && value["type"] === type) return;
  const other = isObject(value) && typeof value["type"] === "string" ? value["type"] : "";
  const found = OWN_TYPE.test(other) ? other : "something else";
  throw new BallotError(code, `document is ${found}, not ${type}`);
}

/** Runs a reader of another format inside a document; what it refuses, the document refuses. */
export function readAs<T>(code: BallotErrorCode, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (cause instanceof TransparencyError || cause instanceof EncodingError) {
      throw new BallotError(code, cause.message, { cause });
    }
    throw cause;
  }
}

function parseJson(text: string, code: BallotErrorCode): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The parser's message would have a piece of the input.
    throw new BallotError(code, "not JSON");
  }
}

function countMembers(root: unknown): number {
  let count = 0;
  const rest: unknown[] = [root];
  while (rest.length > 0) {
    const value = rest.pop();
    if (typeof value !== "object" || value === null) continue;
    if (!Array.isArray(value)) count += Object.keys(value).length;
    for (const inner of Object.values(value)) rest.push(inner);
  }
  return count;
}

type JsonObject = Readonly<Record<string, unknown>>;

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function readerOf(
  value: unknown,
  members: readonly string[],
  code: BallotErrorCode,
  what: string,
): DocumentReader {
  const fail = (message: string): BallotError => new BallotError(code, message);
  if (!isObject(value)) throw fail(`${what} is no object`);
  const object = value;
  const found = Object.keys(object);
  if (found.length !== members.length || !members.every((name) => Object.hasOwn(object, name))) {
    throw fail(`${what} has not exactly the members ${members.join(", ")}`);
  }
  const string = (member: string): string => {
    const text = object[member];
    if (typeof text !== "string") throw fail(`${member} is no string`);
    return text;
  };
  const array = (member: string, most: number): readonly unknown[] => {
    const items = object[member];
    if (!Array.isArray(items) || items.length > most) {
      throw fail(`${member} is no list of at most ${most}`);
    }
    return items;
  };
  return {
    fail,
    string,
    stringOrNull: (member) => (object[member] === null ? undefined : string(member)),
    integer(member, most) {
      const number = object[member];
      const whole = typeof number === "number" && Number.isSafeInteger(number);
      if (!whole || number < 0 || number > most) {
        throw fail(`${member} is no whole number up to ${most}`);
      }
      return number;
    },
    hex(member, length) {
      const text = string(member);
      if (text.length !== 2 * length || !/^[0-9a-f]*$/.test(text)) {
        throw fail(`${member} is not ${length} bytes in lower-case hex`);
      }
      return fromHex(text);
    },
    base64(member, length) {
      const bytes = readBase64(string(member));
      if (bytes === undefined || (length !== undefined && bytes.length !== length)) {
        throw fail(`${member} is no base64${length === undefined ? "" : ` of ${length} bytes`}`);
      }
      return bytes;
    },
    oneOf(member, values) {
      const text = string(member);
      const known = values.find((candidate) => candidate === text);
      if (known === undefined) throw fail(`${member} is none of ${values.join(", ")}`);
      return known;
    },
    strings: (member, most) =>
      array(member, most).map((item) => {
        if (typeof item !== "string") throw fail(`${member} has what is no string`);
        return item;
      }),
    object: (member, inner) => readerOf(object[member], inner, code, member),
    objects: (member, most, inner) =>
      array(member, most).map((item) => readerOf(item, inner, code, `an item of ${member}`)),
  };
}
