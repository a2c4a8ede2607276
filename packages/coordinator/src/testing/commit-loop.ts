import { Buffer } from "node:buffer";
import { openFileStore } from "../store/file-store.ts";
import { postgresSettings } from "../store/postgres/postgres-settings.ts";
import { openPostgresStore } from "../store/postgres/postgres-store.ts";
import { sealDataKey, sealState } from "../store/sealing.ts";
import { unsealState } from "../store/unseal.ts";

/**
 * A program for the test that kills it: commits 1, 2, 3 … to the store of its first argument, a
 * directory or a database url, starting after what it finds there, and prints each number once it is
 * committed.
 */
const [, , place = ""] = process.argv;
const wrappingKey = new Uint8Array(32).fill(7);
const store = place.startsWith("postgres:")
  ? await openPostgresStore({
      settings: postgresSettings({ url: place }),
      mesh: "kill",
    })
  : await openFileStore(place);
const stored = await store.read();
const found = stored && (await unsealState(stored, async () => wrappingKey));
if (found?.kind === "locked") throw new TypeError("the store is locked");
const slot = found?.slot ?? sealDataKey(new Uint8Array(32).fill(8), "product", wrappingKey);
const start = found === undefined ? 0 : Number(Buffer.from(found.plain).toString());
process.stdout.write(`found ${start}\n`);
let version = stored?.version;
for (let number = start + 1; ; number += 1) {
  // Some hundred kilobytes, so that a kill can cut a write off.
  const plain = Buffer.from(String(number).padStart(200_000, "0"));
  const input = { slot, wrappingKey, recoveryData: Buffer.from("null"), plain, number };
  version = await store.commit(version, sealState(input));
  process.stdout.write(`committed ${number}\n`);
}
