import { expect, test } from "vitest";
import { LedgerError } from "../../error.ts";
import { postgresSettings } from "./postgres-settings.ts";

test("a url that is none is LEDGER_CONFIG_INVALID, without a word of it", () => {
  expect(() => postgresSettings({ url: "http://a:secret@h/d" })).toThrow(
    new LedgerError("LEDGER_CONFIG_INVALID", "the database url is not a postgres:// url"),
  );
});
