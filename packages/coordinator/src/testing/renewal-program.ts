/** The echo marble as a plain process; ends when its input does. */
import { runMarble } from "@carrara/marble";

await runMarble(async () => {
  process.stdin.on("end", () => process.exit(0)).resume();
  await import("./echo-marble.ts");
});
