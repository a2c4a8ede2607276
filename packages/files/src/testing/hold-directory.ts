import { lockDirectory, lockSharedDirectory } from "../directory-lock.ts";

// A process that a test kills: takes the directory of its argument, says whether it could, and stays.
const [, , directory = "", reach] = process.argv;
const lock = reach === "shared" ? lockSharedDirectory : lockDirectory;
const unlock = await lock(directory);
process.stdout.write(unlock === undefined ? "refused\n" : "held\n");
if (unlock !== undefined) setInterval(() => undefined, 1_000);
