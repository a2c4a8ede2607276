import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const MODULE = fileURLToPath(new URL("end-with-parent.mjs", import.meta.url));

const PROGRAM = `
import { endWithParent } from ${JSON.stringify(MODULE)};
process.on("SIGTERM", () => {
  console.log("ended");
  process.exit();
});
setInterval(() => undefined, 1000);
endWithParent();
console.log("up");
`;

test("a program whose shell was killed ends like one that was asked to", async () => {
  // "wait" keeps the shell from becoming the program.
  const script = '"$0" --input-type=module -e "$1" & wait';
  const shell = spawn("sh", ["-c", script, process.execPath, PROGRAM], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let output = "";
  shell.stdout.on("data", (chunk: Buffer) => {
    output += chunk.toString();
    if (output === "up\n") shell.kill("SIGKILL");
  });
  // The pipe closes when the program, which inherited it, is gone.
  await once(shell.stdout, "close");
  expect(output).toBe("up\nended\n");
});
