import { manifestFingerprint } from "@carrara/client";
import { toBase64, utf8 } from "@carrara/encoding";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type CliWorld, createCliWorld } from "../testing/cli-world.ts";
import { type FakeCall, type FakeCoordinator, FakeRefusal } from "../testing/fake-coordinator.ts";
import { createTestIdentity, type TestIdentity } from "../testing/test-identity.ts";

const MANIFEST = JSON.stringify({
  Packages: { a: { UniqueID: "00", SecurityVersion: 1 }, b: { UniqueID: "01" } },
  Marbles: { m: { Package: "a", TLS: null } },
});
const UPDATE = '{"Packages":{"a":{"SecurityVersion":2}}}';
const BANNER = "SIMULATION: not protected by hardware\n";

let world: CliWorld;
let admin: TestIdentity;

beforeEach(async () => {
  world = await createCliWorld();
  admin = await createTestIdentity(world.dir, "admin");
  await world.write("manifest.json", MANIFEST);
  await world.write("update.json", UPDATE);
});
afterEach(async () => await world.close());

/** Answers of one route, everything else as usual. */
function only(route: string, data: unknown): (call: FakeCall) => unknown {
  return (call) => {
    if (call.route !== route) return undefined;
    if (data instanceof Error) throw data;
    return data;
  };
}

/** A Coordinator that was verified before, as the commands need it. */
async function verified(answer: (call: FakeCall) => unknown): Promise<FakeCoordinator> {
  const coordinator = Object.assign(await world.start({ answer }), { manifest: utf8(MANIFEST) });
  await world.run("manifest", "verify", "manifest.json", coordinator.host, "-i");
  return coordinator;
}

const APPLY = "POST /api/v2/update";
const DRY_RUN = "POST /api/v2/update?dryRun=true";
const PENDING = "GET /api/v2/update-manifest";
const ACKNOWLEDGE = "POST /api/v2/update-manifest";
const CANCEL = "POST /api/v2/update-cancel";
const none = new FakeRefusal(404, "no update in progress");
const stranger = new FakeRefusal(401, "unauthorized user: no such certificate");
const waiting = (missingUsers: readonly string[], count = missingUsers.length) => ({
  missingAcknowledgments: count,
  missingUsers,
});

describe("manifest update apply", () => {
  test("shows the user's certificate, sends the file and says that it is in force", async () => {
    const coordinator = await verified(only(APPLY, waiting([])));
    const args = ["manifest", "update", "apply", "update.json", coordinator.host, ...admin.args];
    expect(await world.run(...args)).toEqual({
      code: 0,
      stdout: "Update manifest set successfully\n",
      stderr: BANNER,
    });
    expect(coordinator.calls.at(-1)).toEqual({
      route: APPLY,
      body: JSON.stringify({ manifest: toBase64(utf8(UPDATE)) }),
      certificate: admin.der,
    });
  });

  test.each([
    [["b"], 1, "1 user still needs to acknowledge the update manifest", "[b]"],
    [["c", "b", "d"], 2, "2 users still need to acknowledge the update manifest", "[b c d]"],
  ])("waits for %j and says so", async (users, count, sentence, names) => {
    const { host } = await verified(only(APPLY, waiting(users, count)));
    const args = ["manifest", "update", "apply", "update.json", host, ...admin.args];
    expect(await world.run(...args)).toMatchObject({
      code: 0,
      stdout: `Update manifest submitted successfully.\n${sentence} before it is applied.\nThe following users have not yet acknowledged the update: ${names}\n`,
    });
    const { stdout } = await world.run(...args, "--json");
    expect(JSON.parse(stdout)).toEqual({
      assurance: "simulation",
      fingerprint: await manifestFingerprint(utf8(UPDATE)),
      missingAcknowledgments: count,
      missingUsers: users.toSorted(),
      RecoverySecrets: {},
    });
  });

  test("keeps new recovery secrets for their owners alone, or prints them", async () => {
    const secrets = { owner: "c2VjcmV0" };
    const { host } = await verified(only(APPLY, { ...waiting([]), recoverySecrets: secrets }));
    const args = ["manifest", "update", "apply", "update.json", host, ...admin.args];
    const document = JSON.stringify({ RecoverySecrets: secrets });
    expect((await world.run(...args, "-r", "r.json")).stdout).toBe(
      "Update manifest set successfully\nRecovery data saved to: r.json\n",
    );
    expect(new TextDecoder().decode(await world.read("r.json"))).toBe(document);
    expect(await world.modeOf("r.json")).toBe(0o600);
    expect((await world.run(...args)).stdout).toBe(
      `Update manifest set successfully\n${document}\n`,
    );
  });

  test.each([
    ["a stranger", stranger, 1, /^Error: UNAUTHORIZED: .*unauthorized user/m],
    [
      "a downgrade",
      new FakeRefusal(
        500,
        "update manifest tries to downgrade SecurityVersion of the original manifest",
      ),
      1,
      /^Error: SERVER_REFUSED: .*tries to downgrade SecurityVersion/m,
    ],
    [
      "the wrong state",
      new FakeRefusal(500, "server is not in expected state"),
      1,
      /^Error: SERVER_REFUSED: .*server is not in expected state/m,
    ],
  ])("reports the refusal of %s", async (_, refusal, code, pattern) => {
    const { host } = await verified(only(APPLY, refusal));
    const args = ["manifest", "update", "apply", "update.json", host, ...admin.args];
    const result = await world.run(...args);
    expect(result).toMatchObject({ code, stdout: "" });
    expect(result.stderr).toMatch(pattern);
    const json = await world.run(...args, "--json");
    expect(JSON.parse(json.stdout)).toMatchObject({ error: { message: expect.any(String) } });
  });

  test.each([
    ["no user", [], 2, "USAGE"],
    ["no key", ["--cert", "admin.pem"], 2, "USAGE"],
    ["a key on a token", ["--pkcs11-config", "c", "--pkcs11-key-id", "1"], 1, "PKCS11_UNAVAILABLE"],
    ["a missing file", ["-c", "none.pem", "-k", "admin-key.pem"], 1, "FILE_UNREADABLE"],
    ["another's key", ["-c", "admin.pem", "-k", "other-key.pem"], 1, "IDENTITY_INVALID"],
  ])("with %s sends nothing", async (_, args, code, error) => {
    await createTestIdentity(world.dir, "other");
    const coordinator = await verified(only(APPLY, waiting([])));
    const before = coordinator.calls.length;
    const line = ["manifest", "update", "apply", "update.json", coordinator.host];
    const result = await world.run(...line, ...args);
    expect(result).toMatchObject({ code, stdout: "" });
    expect(result.stderr).toContain(`Error: ${error}: `);
    expect(coordinator.calls).toHaveLength(before);
  });

  test("refuses a Coordinator that was not verified, and an empty file", async () => {
    const { host } = await world.start();
    const args = ["manifest", "update", "apply", "update.json", host, ...admin.args];
    expect((await world.run(...args)).stderr).toMatch(/^Error: CERTIFICATE_CACHE_MISSING: /m);
    await world.write("update.json", "");
    expect((await world.run(...args)).stderr).toMatch(/^Error: MANIFEST_EMPTY: /m);
  });
});

describe("manifest update apply --dry-run", () => {
  const line = (host: string) => ["manifest", "update", "apply", "update.json", host, "--dry-run"];

  const forecast = {
    dryRun: true,
    kind: "full",
    renewedRecoveryKeys: ["owner"],
    changes: [{ kind: "package", change: "changed", subject: "a", sentence: "It rises\u001b." }],
    warnings: ["A debug package."],
  };

  test.each([
    [waiting([]), "The update would be applied at once."],
    [waiting(["b"]), "The update would wait for 1 of these users: [b]"],
  ])("says what would happen: %j", async (data, sentence) => {
    const coordinator = await verified(only(DRY_RUN, { ...forecast, ...data }));
    const result = await world.run(...line(coordinator.host), ...admin.args);
    expect(result).toMatchObject({
      code: 0,
      stdout: `Dry run: nothing was changed.\n${sentence}\nIt rises\\u001b.\nNew recovery secrets would be made for: [owner]\nWarning: A debug package.\n`,
    });
    expect(coordinator.calls.map(({ route }) => route)).not.toContain(APPLY);
    const json = await world.run(...line(coordinator.host), ...admin.args, "--json");
    expect(JSON.parse(json.stdout)).toEqual({ assurance: "simulation", ...forecast, ...data });
  });

  test("is refused where the update would be", async () => {
    const { host } = await verified(only(DRY_RUN, stranger));
    const result = await world.run(...line(host), ...admin.args);
    expect(result).toMatchObject({ code: 1, stdout: "" });
    expect(result.stderr).toMatch(/^Error: UNAUTHORIZED: /m);
  });

  test("is not sent to a server that would apply the update", async () => {
    const old = await world.start({ collateralRoute: false, answer: only(DRY_RUN, waiting([])) });
    await world.write("chain.pem", old.chainPem);
    const cert = ["--coordinator-cert", "chain.pem"];
    const result = await world.run(...line(old.host), ...admin.args, ...cert);
    expect(result).toMatchObject({ code: 1, stdout: "" });
    expect(result.stderr).toMatch(/^Error: DRY_RUN_UNSUPPORTED: /m);
    expect(old.calls).toEqual([]);
  });
});

describe("manifest update acknowledge", () => {
  test("prints the Coordinator's words, in one JSON document if asked", async () => {
    const message =
      "1 user still needs to acknowledge the update manifest.\nThe following users have not yet accepted: b";
    const coordinator = await verified(only(ACKNOWLEDGE, { message, ...waiting(["b"]) }));
    const args = ["manifest", "update", "acknowledge", "update.json", coordinator.host];
    expect(await world.run(...args, ...admin.args)).toEqual({
      code: 0,
      stdout: `Acknowledgement successful:\n${message}\n`,
      stderr: BANNER,
    });
    expect(coordinator.calls.at(-1)).toMatchObject({
      body: JSON.stringify({ manifest: toBase64(utf8(UPDATE)) }),
      certificate: admin.der,
    });
    const { stdout } = await world.run(...args, ...admin.args, "--json");
    expect(JSON.parse(stdout)).toMatchObject(waiting(["b"]));
  });

  test("keeps recovery secrets, which only the last one gets", async () => {
    const answer = { message: "applied", ...waiting([]), recoverySecrets: { k: "AAE=" } };
    const { host } = await verified(only(ACKNOWLEDGE, answer));
    const args = ["manifest", "update", "acknowledge", "update.json", host, ...admin.args];
    const { stdout } = await world.run(...args, "--recoverydata", "r.json");
    expect(stdout).toBe("Acknowledgement successful:\napplied\nRecovery data saved to: r.json\n");
    expect(await world.modeOf("r.json")).toBe(0o600);
  });

  test.each([
    [none, "NO_UPDATE: no update in progress"],
    [stranger, "UNAUTHORIZED: "],
    [new FakeRefusal(500, "not the pending update"), "SERVER_REFUSED: "],
  ])("is refused: %s", async (refusal, text) => {
    const { host } = await verified(only(ACKNOWLEDGE, refusal));
    const args = ["manifest", "update", "acknowledge", "update.json", host, ...admin.args];
    const { code, stderr } = await world.run(...args);
    expect(code).toBe(1);
    expect(stderr).toContain(`Error: ${text}`);
  });
});

describe("manifest update cancel", () => {
  test("says what upstream's says", async () => {
    const message = "Update successfully cancelled";
    const coordinator = await verified(only(CANCEL, { message }));
    const args = ["manifest", "update", "cancel", coordinator.host, ...admin.args];
    expect(await world.run(...args)).toMatchObject({
      code: 0,
      stdout: "Cancellation successful\n",
    });
    expect(coordinator.calls.at(-1)?.certificate).toEqual(admin.der);
    expect(JSON.parse((await world.run(...args, "--json")).stdout)).toMatchObject({ message });
  });

  test("of nothing is NO_UPDATE", async () => {
    const { host } = await verified(only(CANCEL, none));
    const { code, stderr } = await world.run("manifest", "update", "cancel", host, ...admin.args);
    expect(code).toBe(1);
    expect(stderr).toContain("Error: NO_UPDATE: no update in progress\n");
  });
});

describe("manifest update get", () => {
  const pending = {
    manifest: toBase64(utf8(UPDATE)),
    message: "2 users still need to acknowledge the update manifest",
    missingUsers: ["b", "a"],
  };

  test("prints the pending manifest byte for byte, to a file if asked", async () => {
    const { host } = await verified(only(PENDING, pending));
    expect(await world.run("manifest", "update", "get", host)).toEqual({
      code: 0,
      stdout: UPDATE,
      stderr: BANNER,
    });
    const toFile = await world.run("manifest", "update", "get", host, "-o", "pending.json");
    expect(toFile.stdout).toBe("Update manifest written to: pending.json\n");
    expect(await world.read("pending.json")).toEqual(utf8(UPDATE));
    const { stdout } = await world.run("manifest", "update", "get", host, "--json");
    expect(JSON.parse(stdout)).toMatchObject({ manifest: UPDATE, missingUsers: ["a", "b"] });
  });

  test("prints who is missing", async () => {
    const { host } = await verified(only(PENDING, pending));
    expect((await world.run("manifest", "update", "get", host, "--missing")).stdout).toBe(
      "The following users have not yet acknowledged the update: [a b]\n",
    );
  });

  test("of nothing is NO_UPDATE", async () => {
    const { host } = await verified(only(PENDING, none));
    const { code, stderr } = await world.run("manifest", "update", "get", host);
    expect(code).toBe(1);
    expect(stderr).toContain("Error: NO_UPDATE: no update in progress\n");
  });
});

describe("manifest get --display-update", () => {
  const updateLog = [
    '{"update":"SecurityVersion increased","package":"b","new version":9}',
    '{"update":"Initial manifest set"}',
    '{"update":"SecurityVersion increased","package":"a","new version":3}',
    '{"update":"SecurityVersion increased","package":"gone","new version":3}',
    "no JSON",
  ];
  const shown = `{
    "Packages": {
        "a": {
            "UniqueID": "00",
            "SecurityVersion": 3
        },
        "b": {
            "UniqueID": "01"
        }
    },
    "Marbles": {
        "m": {
            "Package": "a"
        }
    }
}
`;

  test("merges the versions that were raised since the manifest was set", async () => {
    const { host } = await verified(only("GET /api/v2/update", { updateLog }));
    expect((await world.run("manifest", "get", host, "-i", "-u")).stdout).toBe(shown);
    const signed = await world.run("manifest", "get", host, "-i", "-u", "-s");
    expect(JSON.parse(signed.stdout)).toMatchObject({ Manifest: JSON.parse(shown) });
  });
});

describe("manifest diff", () => {
  test("compares two files in words", async () => {
    const { code, stdout, stderr } = await world.run(
      "manifest",
      "diff",
      "manifest.json",
      "update.json",
    );
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(/^.*package a .*from 1 to 2/i);
    const json = await world.run("manifest", "diff", "manifest.json", "update.json", "--json");
    expect(JSON.parse(json.stdout).changes[0]).toMatchObject({ kind: "package", subject: "a" });
    const same = await world.run("manifest", "diff", "manifest.json", "manifest.json");
    expect(same.stdout).toBe("No differences\n");
  });

  test("compares with what a Coordinator enforces, updates included", async () => {
    const updateLog = ['{"update":"SecurityVersion increased","package":"a","new version":2}'];
    const { host } = await verified(only("GET /api/v2/update", { updateLog }));
    const same = await world.run("manifest", "diff", "--host", host, "update.json");
    expect(same).toMatchObject({ code: 0, stdout: "No differences\n" });
    const back = await world.run("manifest", "diff", "--host", host, "manifest.json");
    expect(back.stdout).toMatch(/^.*package a .*from 2 to 1/i);
  });

  test("compares with the pending update where no file is named", async () => {
    const pending = { manifest: toBase64(utf8(UPDATE)), message: "", missingUsers: [] };
    const { host } = await verified(only(PENDING, pending));
    expect((await world.run("manifest", "diff", "--host", host)).stdout).toMatch(/^.*package a /i);
  });

  test.each([[[]], [["manifest.json"]], [["a", "b", "c"]], [["a", "b", "--host", "localhost:1"]]])(
    "of %j is wrong usage",
    async (args) => {
      expect(await world.run("manifest", "diff", ...args)).toMatchObject({ code: 2, stdout: "" });
    },
  );
});

describe("manifest explain", () => {
  test("says who can do what", async () => {
    const { code, stdout } = await world.run("manifest", "explain", "manifest.json");
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Package a .*\n[\s\S]*^Marble m runs package a/m);
    const json = await world.run("manifest", "explain", "manifest.json", "--json");
    expect(JSON.parse(json.stdout).facts[0]).toMatchObject({ kind: "package", subject: "a" });
  });

  test("of names that a terminal would obey prints them harmless", async () => {
    await world.write("bad.json", JSON.stringify({ Packages: { "a\u001b[31m": {} } }));
    const { stdout } = await world.run("manifest", "explain", "bad.json");
    expect(stdout).toContain("a\\u001b[31m");
  });

  test("of no manifest fails with its code", async () => {
    await world.write("bad.json", '{"Packages":7}');
    const { code, stderr } = await world.run("manifest", "explain", "bad.json");
    expect(code).toBe(1);
    expect(stderr).toMatch(/^Error: JSON_TYPE: /);
  });
});
