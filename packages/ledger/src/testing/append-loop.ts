import { openLedger } from "../open-ledger.ts";
import { createFileStore } from "../store/file-store.ts";
import { createPostgresStore } from "../store/postgres/postgres-store.ts";
import { ballotOf } from "./test-ballots.ts";
import { TEST_KEY } from "./test-ledger.ts";

/**
 * A program for the test that kills it: appends the ballots of all numbers from its second argument on
 * to the ledger of its first, a directory or a database url, with many under way. Prints `open` and
 * the size found, then for each group `acked`, the numbers with their indexes, and size and root of
 * the checkpoint that they were given.
 */
const [, , place = "", from = "0"] = process.argv;
/** Ballots under way. */
const UNDER_WAY = 40;

const ledger = await openLedger({
  store: place.startsWith("postgres:")
    ? createPostgresStore({ url: place })
    : createFileStore({ directory: place }),
  key: TEST_KEY,
  poll: "kill",
  rules: { revote: "unlimited" },
  volumeBallots: 1024,
});
process.stdout.write(`open ${ledger.size}\n`);

let next = Number(from);
let told: string[] = [];
const submitNext = (): void => {
  const number = next;
  next += 1;
  ledger.submit(ballotOf(number), (outcome) => {
    if ("code" in outcome) throw outcome;
    if (outcome.kind === "appended") {
      const { first, count, checkpoint } = outcome.group;
      told.push(`${number}:${outcome.index}`);
      if (outcome.index === first + count - 1) {
        const root = Buffer.from(checkpoint.root).toString("hex");
        process.stdout.write(`acked ${told.join(",")} ${checkpoint.size} ${root}\n`);
        told = [];
      }
    }
    submitNext();
  });
};
for (let i = 0; i < UNDER_WAY; i += 1) submitNext();
