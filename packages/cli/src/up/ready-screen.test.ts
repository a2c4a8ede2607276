import { expect, test } from "vitest";
import { readyLine, readyScreen } from "./ready-screen.ts";

const facts = {
  web: "https://localhost:8443",
  webReplicas: [],
  coordinator: "localhost:4433",
  coordinatorCert: "/state/coordinator-cert.pem",
  manifest: "/state/manifest.json",
  assurance: "simulation",
};

test("the ready line has exactly these fields in this order", () => {
  expect(readyLine(facts)).toBe(
    '{"event":"ready","web":"https://localhost:8443","coordinator":"localhost:4433","coordinatorCert":"/state/coordinator-cert.pem","manifest":"/state/manifest.json","assurance":"simulation"}\n',
  );
});

test("further instances are named beside the first", () => {
  const scaled = { ...facts, webReplicas: ["https://localhost:1", "https://localhost:2"] };
  expect(JSON.parse(readyLine(scaled))).toMatchObject({ webReplicas: scaled.webReplicas });
  const options = { color: false, cli: "", tee: "sgx", measurement: "" } as const;
  expect(readyScreen(scaled, options)).toContain(
    "Vote         https://localhost:8443\n               https://localhost:1\n               https://localhost:2\n",
  );
});

test("the screen says where to vote, how to verify, that it is a simulation, how to stop", () => {
  const screen = readyScreen(facts, {
    color: false,
    cli: "node carrara.js",
    tee: "tdx",
    measurement: "ab12",
  });
  expect(screen).toContain("Vote         https://localhost:8443\n");
  expect(screen).toContain("Coordinator  localhost:4433\n");
  expect(screen).toContain("on simulated TDX, UniqueID ab12\n");
  expect(screen).toContain(
    "node carrara.js manifest verify /state/manifest.json localhost:4433 --insecure\n",
  );
  expect(screen).toContain("SIMULATION: not protected by hardware\n");
  expect(screen).toContain("Ctrl-C");
  expect(screen).not.toContain("\u001b");
});
