import { createServer } from "node:net";
import { expect, test } from "vitest";
import { findFreePorts, requireFreePort } from "./loopback-port.ts";

test("a taken port is PORT_TAKEN with the port and the option, a free one passes", async () => {
  const [port = 0] = await findFreePorts(1);
  await expect(requireFreePort(port, "--web-port")).resolves.toBeUndefined();
  const server = createServer();
  await new Promise<void>((resolve) => {
    server.listen(port, "127.0.0.1", resolve);
  });
  const refused = requireFreePort(port, "--web-port");
  await expect(refused).rejects.toMatchObject({
    name: "CliError",
    code: "PORT_TAKEN",
    message: expect.stringMatching(new RegExp(`port ${port} .*--web-port`)),
  });
  server.close();
});

test("free ports are all different", async () => {
  const ports = await findFreePorts(20);
  expect(new Set(ports).size).toBe(20);
});
