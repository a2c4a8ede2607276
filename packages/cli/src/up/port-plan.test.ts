import { expect, test } from "vitest";
import type { MarbleConfig, MeshConfig } from "./mesh-config.ts";
import { countInnerPorts, planPorts, planReplica, portMapOf } from "./port-plan.ts";

const back: MarbleConfig = {
  type: "back",
  image: "back",
  dnsNames: ["back"],
  listen: new Map([
    ["8080", "back.shop:8080"],
    ["8801", "back.shop:8801"],
  ]),
};
const web: MarbleConfig = {
  type: "web",
  image: "web",
  dnsNames: ["localhost"],
  listen: new Map([["4433", "web"]]),
};
const mesh: MeshConfig = {
  manifest: "manifest.json",
  marbles: [back, web],
  web: { marble: "web", port: 4433 },
};

test("every listener but the web's takes a free port, and all marbles dial it there", () => {
  expect(countInnerPorts(mesh)).toBe(2);
  const plan = planPorts(mesh, 8443, [40_001, 40_002]);
  const dial = { "back.shop:8080": "127.0.0.1:40001", "back.shop:8801": "127.0.0.1:40002" };
  expect(portMapOf(mesh, back, plan)).toEqual({
    listen: { "8080": "127.0.0.1:40001", "8801": "127.0.0.1:40002" },
    dial,
  });
  expect(portMapOf(mesh, web, plan)).toEqual({ listen: { "4433": "127.0.0.1:8443" }, dial });
});

test("one more instance has listeners of its own, and dials the others where they are", () => {
  const plan = planPorts(mesh, 8443, [40_001, 40_002]);
  expect(portMapOf(mesh, web, planReplica(plan, web, [40_003]))).toEqual({
    ...portMapOf(mesh, web, plan),
    listen: { "4433": "127.0.0.1:40003" },
  });
});
