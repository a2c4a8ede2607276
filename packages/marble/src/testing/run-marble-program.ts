/** A program that runs as a marble and prints what it was given. */
import { runMarble } from "../main.ts";

await runMarble(async () => {
  process.stdout.write(
    `${JSON.stringify({ argv: process.argv, secret: process.env["SECRET"] })}\n`,
  );
  process.exit(0);
});
