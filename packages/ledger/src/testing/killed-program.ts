import { spawn } from "node:child_process";

/** When a program is killed: so many milliseconds after its start, or after its first output. */
export interface KillMoment {
  readonly after: "start" | "first output";
  readonly ms: number;
}

/** Runs a Node program until it is killed with SIGKILL; returns what it printed. Throws if it ends before. */
export async function runAndKill(args: readonly string[], moment: KillMoment): Promise<string> {
  const child = spawn(process.execPath, [...args], { stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  let errors = "";
  let timer: NodeJS.Timeout | undefined;
  const arm = () => {
    timer ??= setTimeout(() => child.kill("SIGKILL"), moment.ms);
  };
  child.stdout.on("data", (chunk) => {
    output += String(chunk);
    arm();
  });
  child.stderr.on("data", (chunk) => {
    errors += String(chunk);
  });
  if (moment.after === "start") arm();
  const signal = await new Promise((resolve) => child.on("close", (_, name) => resolve(name)));
  clearTimeout(timer);
  if (signal !== "SIGKILL") throw new Error(`the program ended by itself: ${errors}`);
  // A line that was cut off was not said.
  return output.slice(0, output.lastIndexOf("\n") + 1);
}
