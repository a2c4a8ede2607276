import { load } from "./load.ts";

// The generator is a process of its own, so that its work is not counted as the server's.
const options: unknown = JSON.parse(process.argv[2] ?? "{}");
console.log(JSON.stringify(await load(options as Parameters<typeof load>[0])));
