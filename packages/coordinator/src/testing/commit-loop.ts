import { Buffer } from "node:buffer";
import { openFileStore } from "../store/file-store.ts";
import { sealDataKey, sealState } from "../store/sealing.ts";
import { unsealStore } from "../store/unseal.ts";

/**
 * A program for the test that kills it: commits 1, 2, 3 … to the store in the directory of its first
 * argument, starting after what it finds there, and prints each number once it is committed.
 */
const [, , directory = ""] = process.argv;
const sealingKey = new Uint8Array(32).fill(7);
const store = await openFileStore(directory);
const found = await unsealStore(store, async () => sealingKey);
if (found.kind === "locked") throw new TypeError("the store is locked");
const slot =
  found.kind === "open"
    ? found.slot
    : sealDataKey(new Uint8Array(32).fill(8), "product", sealingKey);
const start = found.kind === "open" ? Number(Buffer.from(found.plain).toString()) : 0;
process.stdout.write(`found ${start}\n`);
for (let number = start + 1; ; number += 1) {
  // Some hundred kilobytes, so that a kill can cut a write off.
  const text = String(number).padStart(200_000, "0");
  await store.commit(sealState(slot, Buffer.from("null"), Buffer.from(text)));
  process.stdout.write(`committed ${number}\n`);
}
