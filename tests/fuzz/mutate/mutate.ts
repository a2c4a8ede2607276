import { equalBytes } from "@carrara/encoding";
import { BYTE_MUTATORS, type MutationContext, type Mutator } from "./bytes.ts";
import { CBOR_MUTATORS } from "./cbor.ts";
import { DER_MUTATORS } from "./der.ts";
import { JSON_MUTATORS, PEM_MUTATORS } from "./text.ts";

/** What an input is made of, which decides how it is best damaged. */
export type Grammar = "bytes" | "der" | "json" | "pem" | "cbor";

const MUTATORS: Readonly<Record<Grammar, readonly Mutator[]>> = {
  bytes: BYTE_MUTATORS,
  der: DER_MUTATORS,
  json: JSON_MUTATORS,
  pem: PEM_MUTATORS,
  cbor: CBOR_MUTATORS,
};

/** Mutators that are tried on one input before it is left as it is: some find nothing to change. */
const MAX_TRIES = 16;

/** Another input than `input`, by one change, often, or a few: half of the grammar, half of bytes. */
export function mutate(input: Uint8Array, grammar: Grammar, context: MutationContext): Uint8Array {
  const { random } = context;
  const changes = random.oneIn(3) ? 2 + random.below(4) : 1;
  let out = input;
  for (let i = 0; i < changes || (i < MAX_TRIES && equalBytes(out, input)); i += 1) {
    const mutators = random.oneIn(2) ? MUTATORS[grammar] : BYTE_MUTATORS;
    const mutant = random.pick(mutators)(out, context);
    out = mutant.length > context.maxBytes ? mutant.slice(0, context.maxBytes) : mutant;
  }
  return out;
}
