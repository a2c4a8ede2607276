import { type LoadOptions, load } from "./load.ts";
import { ballotSource, type SealTo } from "./sealed-ballots.ts";

// The generator is a process of its own, so that its work is not counted as the server's.
const { sealTo, ...options } = JSON.parse(process.argv[2] ?? "{}") as LoadOptions & {
  readonly sealTo?: SealTo;
};
const bodies = sealTo === undefined ? undefined : ballotSource(sealTo);
console.log(JSON.stringify(await load(options, bodies)));
