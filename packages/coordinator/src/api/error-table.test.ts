import { readdir, readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { status } from "@grpc/grpc-js";
import { expect, test } from "vitest";
import { CoordinatorError, type CoordinatorErrorCode } from "../error.ts";
import { failureAnswer } from "./client/envelope.ts";
import { ERROR_ANSWERS } from "./error-table.ts";
import { activationFailure } from "./mesh/activate-handler.ts";

test.each<[CoordinatorErrorCode, number, string, number]>([
  ["STATE_WRONG", 500, "error", 500],
  ["MANIFEST_INVALID", 500, "error", 500],
  ["PERMISSION_DENIED", 500, "error", 500],
  ["REQUEST_MALFORMED", 400, "fail", 500],
  ["RECOVERY_SECRET_UNDECRYPTABLE", 400, "fail", 500],
  ["USER_UNAUTHORIZED", 401, "fail", 401],
  ["MARBLE_UNAUTHORIZED", 401, "fail", 401],
  ["FEATURE_DISABLED", 403, "error", 500],
  ["NO_UPDATE", 404, "error", 404],
  ["ROUTE_UNKNOWN", 405, "error", 405],
  ["REQUEST_TOO_LARGE", 413, "error", 413],
])("%s is answered by %i %s, and by v1 with %i", (code, http, style, v1) => {
  const answer = failureAnswer(new CoordinatorError(code, "text"), { version: 2 });
  expect(answer.httpStatus).toBe(http);
  expect(JSON.parse(answer.body)).toEqual({ status: style, data: null, message: "text", code });
  const old = failureAnswer(new CoordinatorError(code, "text"), { version: 1, failureStatus: 500 });
  expect(old.httpStatus).toBe(v1);
  expect(JSON.parse(old.body)).toMatchObject({ status: "error" });
});

test.each<[CoordinatorErrorCode, keyof typeof status]>([
  ["ACTIVATION_STATE", "FAILED_PRECONDITION"],
  ["PEER_CERTIFICATE_MISSING", "UNAUTHENTICATED"],
  ["MARBLE_TYPE_UNKNOWN", "PERMISSION_DENIED"],
  ["PACKAGE_UNKNOWN", "PERMISSION_DENIED"],
  ["QUOTE_INVALID", "PERMISSION_DENIED"],
  ["ACTIVATION_LIMIT", "PERMISSION_DENIED"],
  ["UUID_INVALID", "INVALID_ARGUMENT"],
  ["CSR_INVALID", "INTERNAL"],
  ["SECRET_INVALID", "INTERNAL"],
  ["PARAMETERS_INVALID", "INTERNAL"],
  ["STORE_FAILED", "INTERNAL"],
])("%s is the gRPC status %s", (code, name) => {
  const failure = activationFailure(new CoordinatorError(code, "text"));
  expect(failure.code).toBe(status[name]);
  expect(failure.metadata?.get("carrara-code")).toEqual([code]);
  const denied = name === "PERMISSION_DENIED";
  expect(failure.details?.startsWith("marble verification failed: ")).toBe(denied);
});

test("an error that is not ours shows nothing of itself", () => {
  const failure = new TypeError("secret detail");
  expect(failureAnswer(failure, { version: 2 }).body).not.toContain("secret detail");
  expect(activationFailure(failure).details).toBe("internal error");
});

test("every code of the table is used somewhere, so that the list does not grow stale", async () => {
  const root = fileURLToPath(new URL("..", import.meta.url));
  const names = await readdir(root, { recursive: true });
  const sources = await Promise.all(
    names
      .filter(
        (name) => name.endsWith(".ts") && !/test\.ts$|(?:^|\/)error(?:-table)?\.ts$/.test(name),
      )
      .map(async (name) => await readFile(`${root}/${name}`, "utf8")),
  );
  const text = sources.join("\n");
  // The codes of @carrara/manifest's package comparison are passed on as they come.
  const own = Object.keys(ERROR_ANSWERS).filter((code) => !/^PACKAGE_(?!UNKNOWN)/.test(code));
  const unused = own.filter((code) => !text.includes(`"${code}"`));
  expect(unused).toEqual([]);
});
