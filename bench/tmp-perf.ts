import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { createFileStore, openLedger } from "@carrara/ledger";
import { createMemoryStore } from "@carrara/ledger/testing";

const dir = mkdtempSync(tmpdir() + "/lp-");
for (const groupSize of [64]) {
  for (const kind of ["file"]) {
    const ledger = await openLedger({
      store:
        kind === "file"
          ? createFileStore({ directory: dir + "/" + groupSize })
          : createMemoryStore(),
      key: randomBytes(32),
      poll: "p",
      rules: { revote: "unlimited" },
    });
    const total = 150000;
    const ballots = Array.from({ length: total }, (_, i) => {
      const b = randomBytes(64);
      return {
        ballotId: b.subarray(0, 16),
        commitment: b.subarray(16, 48),
        pseudonym: b.subarray(48, 64),
        choice: 1 + (i % 100),
      };
    });
    let next = 0;
    const run = async (until: number) => {
      while (next < until) {
        let left = groupSize;
        await new Promise<void>((resolve) => {
          for (let i = 0; i < groupSize; i++)
            ledger.submit(ballots[next++]!, () => {
              if (--left === 0) resolve();
            });
        });
      }
    };
    await run(30000);
    const c0 = process.cpuUsage();
    const t0 = performance.now();
    const n0 = next;
    await run(120000);
    const c = process.cpuUsage(c0);
    const n = next - n0;
    console.log(
      kind,
      groupSize,
      "us/ballot wall",
      (((performance.now() - t0) * 1000) / n).toFixed(2),
      "user",
      (c.user / n).toFixed(2),
      "sys",
      (c.system / n).toFixed(2),
      "groups/s",
      (n / groupSize / ((performance.now() - t0) / 1000)).toFixed(0),
    );
    await ledger.close();
  }
}
rmSync(dir, { recursive: true });
