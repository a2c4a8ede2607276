/** How bytes lie in memory when a reader gets them. */
export const DELIVERIES = ["plain", "inside", "buffer", "shared"] as const;

export type Delivery = (typeof DELIVERIES)[number];

/** Bytes before and after the view of `inside`, of a value that changes whatever reads it. */
const MARGIN = 7;

/** The same bytes alone, inside of others, as Node's Buffer in its pool, or in shared memory. */
export function deliver(input: Uint8Array, delivery: Delivery): Uint8Array {
  switch (delivery) {
    case "plain":
      return input;
    case "inside": {
      const larger = new Uint8Array(input.length + 2 * MARGIN).fill(0xa5);
      larger.set(input, MARGIN);
      return larger.subarray(MARGIN, MARGIN + input.length);
    }
    case "buffer":
      return Buffer.from(input);
    case "shared": {
      const shared = new Uint8Array(new SharedArrayBuffer(input.length));
      shared.set(input);
      return shared;
    }
  }
}
