/** How often the parent is looked for, in ms: below what a person notices. */
const INTERVAL_MS = 100;

/**
 * Sends this process SIGTERM when its parent is gone. `npm start` runs scripts through a shell that
 * dies of the signal without handing it on, so the program would live on without anybody to stop it.
 */
export function endWithParent() {
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    process.kill(process.pid, "SIGTERM");
  }, INTERVAL_MS);
  timer.unref();
}
