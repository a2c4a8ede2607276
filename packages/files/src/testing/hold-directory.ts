import { lockDirectory } from "../directory-lock.ts";

// A process that a test kills: takes the directory of its argument, says whether it could, and stays.
const unlock = await lockDirectory(process.argv[2] ?? "");
process.stdout.write(unlock === undefined ? "refused\n" : "held\n");
if (unlock !== undefined) setInterval(() => undefined, 1_000);
