import { expect, test } from "vitest";
import { clientConfigOf } from "./postgres-config.ts";

test("a server elsewhere is spoken to over verified TLS, unless the url says otherwise", () => {
  const elsewhere = clientConfigOf({
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
  expect(clientConfigOf({ url: "postgres://me@db/votes?sslmode=disable" }).ssl).toBe(false);
});

test("a unix socket and the loopback address need no TLS", () => {
  for (const url of [
    "postgres://me@localhost/votes",
    "postgres://me@127.0.0.1/votes",
    "postgres://me@[::1]/votes",
    "postgresql://me@any/votes?host=%2Fvar%2Frun",
  ]) {
    expect(clientConfigOf({ url }).ssl).toBe(false);
    expect(
      clientConfigOf({ url: `${url}${url.includes("?") ? "&" : "?"}sslmode=verify-full` }).ssl,
    ).toBeTruthy();
  }
  expect(clientConfigOf({ url: "postgres://me@h/v?host=%2Frun" }).host).toBe("/run");
});

test("a password may come apart from the url", () => {
  expect(clientConfigOf({ url: "postgres://me@db/votes", password: "p" }).password).toBe("p");
});

test.each([
  "",
  "http://me@db/votes",
  "postgres://db/votes",
  "postgres://me@db",
  "postgres://me@/votes",
  "postgres://me:%zz@db/votes",
  "postgres://me@db/votes?sslmode=prefer",
  "postgres://me@db/votes?options=-c",
  "postgres://me@db/votes?host=relative",
])("%s is LEDGER_CONFIG_INVALID, without its text", (url) => {
  const parse = () => clientConfigOf({ url });
  expect(parse).toThrow(expect.objectContaining({ code: "LEDGER_CONFIG_INVALID" }));
  if (url !== "") expect(parse).not.toThrow(url);
});
