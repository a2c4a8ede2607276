import { chmod, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { utf8 } from "@carrara/encoding";
import { cosignCheckpoint, encodeVerifierKey, verifyCosignature } from "@carrara/transparency";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createWitnessKey, loadWitnessKey } from "./witness-key.ts";

let dir: string;
let file: string;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "carrara-witness-"));
  file = join(dir, "witness.key");
});
afterEach(async () => await rm(dir, { recursive: true }));

const invalid = { name: "WitnessError", code: "WITNESS_KEY_INVALID" };

describe("a witness's key", () => {
  test("is a file of mode 0600 that signs as the key that was made", async () => {
    const made = await createWitnessKey(file, "witness.example/w1");
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    const loaded = await loadWitnessKey(file);
    expect(encodeVerifierKey(loaded.verifierKey)).toBe(encodeVerifierKey(made.verifierKey));
    expect(loaded.sign(utf8("x"))).toEqual(made.sign(utf8("x")));
    const text = "log.example/x\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n";
    const signature = cosignCheckpoint(text, loaded.verifierKey, loaded.sign, 1_796_122_800);
    expect(await verifyCosignature({ text, signatures: [signature] }, made.verifierKey)).toEqual({
      timeSeconds: 1_796_122_800,
    });
  });

  test("never replaces a file", async () => {
    await createWitnessKey(file, "witness.example/w1");
    const before = await readFile(file, "utf8");
    await expect(createWitnessKey(file, "witness.example/w1")).rejects.toMatchObject({
      code: "WITNESS_KEY_EXISTS",
    });
    expect(await readFile(file, "utf8")).toBe(before);
  });

  test.each(["", "with space", "with+plus", "with\nnewline"])(
    "has no name like %j",
    async (name) => {
      await expect(createWitnessKey(file, name)).rejects.toMatchObject(invalid);
      await expect(stat(file)).rejects.toMatchObject({ code: "ENOENT" });
    },
  );

  test("that others could have read is refused", async () => {
    await createWitnessKey(file, "witness.example/w1");
    for (const mode of [0o640, 0o604, 0o660]) {
      await chmod(file, mode);
      await expect(loadWitnessKey(file)).rejects.toMatchObject(invalid);
    }
  });

  test("that is not there, not one or damaged is refused, without a word of what is in it", async () => {
    await expect(loadWitnessKey(file)).rejects.toMatchObject(invalid);
    await createWitnessKey(file, "witness.example/w1");
    const good = await readFile(file, "utf8");
    const [, , , , secret = ""] = good.split("+");
    const damaged = [
      "",
      "hello\n",
      good.replace("w1", "w2"),
      good.replace("+B", "+C"),
      good.slice(0, -3),
      `${good}${good}`,
      "x".repeat(5_000),
    ];
    for (const content of damaged) {
      await writeFile(file, content);
      const refusal = await loadWitnessKey(file).catch((error: unknown) => error);
      expect(refusal).toMatchObject(invalid);
      expect(String(refusal)).not.toContain(secret.slice(0, 8));
    }
  });
});
