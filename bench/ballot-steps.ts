import { createCipheriv, createHash, generateKeyPairSync, randomBytes, sign } from "node:crypto";
import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createBallotOpener } from "../apps/emojivoto/src/sealed/ballot-opener.ts";
import { sealedBallots } from "./sealed-ballots.ts";

const MEASURED_MS = 300;

/** Microseconds that each step of a ballot takes on one core, alone. */
export function ballotSteps(): { readonly microseconds: Readonly<Record<string, number>> } {
  const poll = "emojivoto";
  const opener = createBallotOpener(poll);
  const { publicKey } = opener;
  const [ballot = new Uint8Array()] = sealedBallots({ poll, publicKey }, 1);
  const opened = opener.open(ballot);
  const answer = randomBytes(1536);
  const entry = randomBytes(67);
  const group = randomBytes(32 * 68);
  const key = randomBytes(32);
  const { privateKey } = generateKeyPairSync("ed25519");
  const directory = mkdtempSync(join(tmpdir(), "carrara-bench-"));
  const file = openSync(join(directory, "flush"), "w");
  const record = randomBytes(4096);
  try {
    return {
      microseconds: {
        "hpke open": time(() => opener.open(ballot)),
        "seal answer": time(() => opened.sealAnswer(answer)),
        "sha-256 of an entry": time(() => createHash("sha256").update(entry).digest()),
        "seal a group of 32": time(() => {
          const cipher = createCipheriv("aes-256-gcm", key, Buffer.alloc(12));
          cipher.update(group);
          cipher.final();
          cipher.getAuthTag();
        }),
        "sign a checkpoint": time(() => sign(null, entry, privateKey)),
        "write and flush 4 kB": time(() => {
          writeSync(file, record);
          fdatasyncSync(file);
        }),
      },
    };
  } finally {
    closeSync(file);
    rmSync(directory, { recursive: true });
  }
}

function time(step: () => unknown): number {
  for (let i = 0; i < 10; i += 1) step();
  const start = performance.now();
  let count = 0;
  while (performance.now() - start < MEASURED_MS) {
    step();
    count += 1;
  }
  return Math.round(((performance.now() - start) * 10_000) / count) / 10;
}
