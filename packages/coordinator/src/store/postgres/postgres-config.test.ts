import { describe, expect, test } from "vitest";
import { parsePostgresUrl } from "./postgres-config.ts";

const NO_SECRETS = { password: undefined, ca: undefined };
const parse = (url: string, secrets = NO_SECRETS) => parsePostgresUrl(url, secrets);

describe("a database url", () => {
  test("names user, host, port and database", () => {
    expect(parse("postgres://anna:s%2Fcret@db.example:6000/mesh%20one")).toEqual({
      host: "db.example",
      port: 6000,
      user: "anna",
      database: "mesh one",
      password: "s/cret",
      tls: "verified",
      ca: undefined,
    });
  });

  test("without password takes the one of the file", () => {
    const secrets = { ...NO_SECRETS, password: "from file" };
    expect(parsePostgresUrl("postgres://a@h/d", secrets).password).toBe("from file");
    expect(parsePostgresUrl("postgres://a:own@h/d", secrets).password).toBe("own");
  });

  test.each([
    ["postgres://a@db/d", "verified"],
    ["postgresql://a@db/d?sslmode=verify-full", "verified"],
    ["postgres://a@db/d?sslmode=disable", "none"],
    ["postgres://a@localhost/d", "none"],
    ["postgres://a@127.0.0.1/d", "none"],
    ["postgres://a@[::1]/d", "none"],
    ["postgres://a@localhost/d?sslmode=verify-full", "verified"],
    ["postgres://a@localhost/d?host=%2Fvar%2Frun", "none"],
  ])("%s is reached with tls %s", (url, tls) => {
    expect(parse(url).tls).toBe(tls);
  });

  test.each([
    "",
    "db",
    "http://a:secret@h/d",
    "postgres://h/d?user=secret",
    "postgres://a:secret@h/",
    "postgres://:secret@h/d",
    "postgres://a:secret@h/d?sslmode=require",
    "postgres://a:secret@h/d?host=db",
    "postgres://a:secret%@h/d",
    "postgres://a:secret@h/d?options=-c",
  ])("%j is refused without a word of it", (url) => {
    try {
      parse(url);
    } catch (error) {
      expect(error).toMatchObject({ name: "CoordinatorError", code: "CONFIG_INVALID" });
      expect(String(error)).not.toContain("secret");
      return;
    }
    expect.unreachable();
  });
});
