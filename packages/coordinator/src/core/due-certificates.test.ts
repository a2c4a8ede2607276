import { X509Certificate } from "node:crypto";
import { beforeAll, describe, expect, test } from "vitest";
import { runningState, TEST_CONTEXT, TEST_NOW } from "../testing/test-state.ts";
import { rotateIntermediate } from "./authority.ts";
import { dueCertificates, hasEnded, renewCertificates } from "./due-certificates.ts";
import type { RunningState } from "./state.ts";

const DAY_MS = 86_400_000;
const at = (days: number) => new Date(TEST_NOW.getTime() + days * DAY_MS);

let state: RunningState;

beforeAll(async () => {
  const shared = { Type: "cert-ecdsa", Size: 256, Shared: true };
  state = await runningState({
    Secrets: {
      week: { ...shared, ValidFor: 7 },
      year: shared,
      fixed: { ...shared, Cert: { NotAfter: at(3).toISOString() } },
      own: { ...shared, Shared: false, ValidFor: 1 },
      uploaded: { ...shared, UserDefined: true, ValidFor: 1 },
      key: { Type: "symmetric-key", Size: 128, Shared: true },
    },
  });
});

const dueAt = (days: number) => dueCertificates(state, at(days)).map(({ name }) => name);
const validTo = ({ secrets }: Pick<RunningState, "secrets">, name: string) =>
  new Date(new X509Certificate(secrets.get(name)?.cert ?? new Uint8Array()).validTo).getTime();

describe("a shared certificate", () => {
  test("is due after half of its life, unless its end is fixed or somebody brought it", () => {
    expect(dueAt(0)).toEqual([]);
    expect(dueAt(3.4)).toEqual([]);
    expect(dueAt(3.6)).toEqual(["week"]);
    expect(dueAt(200)).toEqual(["week", "year"]);
    // The answer does not depend on what was asked before.
    expect(dueAt(1)).toEqual([]);
  });

  test("has ended at its end", () => {
    const [week] = dueCertificates(state, at(5));
    if (week === undefined) throw new TypeError("nothing is due");
    expect([hasEnded(week, at(6.9)), hasEnded(week, at(7.1))]).toEqual([false, true]);
  });

  test("is renewed for a whole life, with a new key, and nothing else changes", async () => {
    const context = { ...TEST_CONTEXT, authority: state.authority, now: at(5) };
    const renew = await renewCertificates(dueCertificates(state, at(5)), context);
    const after = renew(state);
    expect(validTo(after, "week")).toBeGreaterThan(at(11.9).getTime());
    expect(after.secrets.get("week")?.public).not.toEqual(state.secrets.get("week")?.public);
    for (const name of ["year", "fixed", "uploaded", "key"]) {
      expect(after.secrets.get(name)).toBe(state.secrets.get(name));
    }
    expect({ ...after, secrets: undefined }).toEqual({ ...state, secrets: undefined });
    expect(dueCertificates({ ...state, secrets: after.secrets }, at(5))).toEqual([]);
  });

  test("that somebody else replaced meanwhile stays theirs", async () => {
    const context = { ...TEST_CONTEXT, authority: state.authority, now: at(5) };
    const [ours, theirs] = await Promise.all(
      [1, 2].map(async () => await renewCertificates(dueCertificates(state, at(5)), context)),
    );
    const after = theirs?.(state) ?? state;
    expect(ours?.(after)).toBe(after);
    const rotated = { ...state, authority: await rotateIntermediate(state.authority, at(5)) };
    expect(ours?.(rotated)).toBe(rotated);
  });
});
