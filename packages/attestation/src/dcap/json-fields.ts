import { fromHex } from "@carrara/encoding";
import { type StrictJson, StrictJsonError } from "./strict-json.ts";

const RFC3339_UTC = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$/;

/**
 * Takes the members of a JSON object one by one and refuses, at the end, any that nobody took: an
 * unknown field in signed data may change its meaning. Every method throws StrictJsonError.
 */
export class JsonFields {
  readonly #left: Map<string, StrictJson>;

  constructor(value: StrictJson) {
    if (!(value instanceof Map)) throw new StrictJsonError("object needed");
    this.#left = new Map(value);
  }

  take(name: string): StrictJson {
    const value = this.#left.get(name);
    if (value === undefined) throw new StrictJsonError(`member ${name} is missing`);
    this.#left.delete(name);
    return value;
  }

  takeOptional(name: string): StrictJson | undefined {
    return this.#left.has(name) ? this.take(name) : undefined;
  }

  text(name: string): string {
    const value = this.take(name);
    if (typeof value !== "string") throw new StrictJsonError(`member ${name} is no text`);
    return value;
  }

  integer(name: string, max: number): number {
    const value = this.take(name);
    if (typeof value !== "number" || value < 0 || value > max) {
      throw new StrictJsonError(`member ${name} is no integer from 0 to ${max}`);
    }
    return value;
  }

  /** A date of RFC 3339 that ends in Z and exists. */
  date(name: string): Date {
    const text = this.text(name);
    const date = new Date(text);
    const exact = RFC3339_UTC.test(text) && !Number.isNaN(date.getTime());
    if (!exact || date.toISOString().replace(".000Z", "Z") !== text) {
      throw new StrictJsonError(`member ${name} is no date`);
    }
    return date;
  }

  hex(name: string, bytes: number): Uint8Array {
    const text = this.text(name);
    if (text.length !== 2 * bytes || !/^[0-9a-fA-F]*$/.test(text)) {
      throw new StrictJsonError(`member ${name} is not ${bytes} bytes of hex`);
    }
    return fromHex(text);
  }

  list(name: string): readonly StrictJson[] {
    const value = this.take(name);
    if (!Array.isArray(value)) throw new StrictJsonError(`member ${name} is no array`);
    return value as readonly StrictJson[];
  }

  /** Texts of an optional array; absent is empty. */
  optionalTexts(name: string): readonly string[] {
    if (!this.#left.has(name)) return [];
    return this.list(name).map((item) => {
      if (typeof item !== "string") throw new StrictJsonError(`member ${name} holds no texts`);
      return item;
    });
  }

  end(): void {
    const [unknown] = this.#left.keys();
    if (unknown !== undefined) throw new StrictJsonError("a member that is not known");
  }
}
