import { expect, test } from "vitest";
import { type PostgresAccess, settingsOf } from "./settings.ts";

const parse = (access: PostgresAccess) =>
  settingsOf(access, { applicationName: "test", invalid: (fault) => new TypeError(fault) });

test("a server elsewhere is spoken to over verified TLS, unless the url says otherwise", () => {
  const elsewhere = parse({
    url: "postgres://me:secret@db.example:6000/votes",
    ca: "PEM",
  });
  expect(elsewhere).toMatchObject({
    host: "db.example",
    port: 6000,
    user: "me",
    database: "votes",
    password: "secret",
    ssl: { rejectUnauthorized: true, ca: "PEM" },
  });
  expect(parse({ url: "postgres://me@db/votes?sslmode=disable" }).ssl).toBe(false);
});

test("a unix socket and the loopback address need no TLS", () => {
  for (const url of [
    "postgres://me@localhost/votes",
    "postgres://me@127.0.0.1/votes",
    "postgres://me@[::1]/votes",
    "postgresql://me@any/votes?host=%2Fvar%2Frun",
  ]) {
    expect(parse({ url }).ssl).toBe(false);
    expect(
      parse({ url: `${url}${url.includes("?") ? "&" : "?"}sslmode=verify-full` }).ssl,
    ).toBeTruthy();
  }
  expect(parse({ url: "postgres://me@h/v?host=%2Frun" }).host).toBe("/run");
});

test("a password may come apart from the url", () => {
  expect(parse({ url: "postgres://me@db/votes", password: "p" }).password).toBe("p");
  expect(parse({ url: "postgres://me:own@db/votes", password: "p" }).password).toBe("own");
});

test("names in a url may be escaped, and the port may be left out", () => {
  expect(parse({ url: "postgres://anna:s%2Fcret@db.example/mesh%20one" })).toMatchObject({
    port: 5432,
    database: "mesh one",
    password: "s/cret",
    application_name: "test",
  });
});

test.each([
  "",
  "db",
  "http://me:secret@db/votes",
  "postgres://db/votes?user=secret",
  "postgres://me:secret@db",
  "postgres://me:secret@/votes",
  "postgres://:secret@db/votes",
  "postgres://me:secret%zz@db/votes",
  "postgres://me:secret@db/votes?sslmode=prefer",
  "postgres://me:secret@db/votes?sslmode=require",
  "postgres://me:secret@db/votes?options=-c",
  "postgres://me:secret@db/votes?host=relative",
])("%j is refused without a word of it", (url) => {
  expect(() => parse({ url })).toThrow(TypeError);
  expect(() => parse({ url })).toThrow(/^(?!.*secret)the database url /);
});
