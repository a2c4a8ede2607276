import { expect, test } from "vitest";
import { type HardwareVerified, isHardware, markVerified, type Verified } from "./assurance.ts";

interface Claims {
  readonly tee: string;
}

/** What hands out a secret only to hardware. */
function release(_: HardwareVerified<Claims>): string {
  return "secret";
}

test("what needs hardware cannot be handed a simulation", () => {
  const verified: Verified<Claims> = markVerified("simulation", { tee: "sgx" });
  expect(verified).toEqual({ assurance: "simulation", tee: "sgx" });
  expect(isHardware(verified)).toBe(false);
  // @ts-expect-error a result that may be a simulation
  expect(release(verified)).toBe("secret");
  // @ts-expect-error saying so does not make it hardware
  expect(release({ assurance: "hardware", tee: "sgx" })).toBe("secret");
});

test("hardware is told apart at run time, which narrows the type", () => {
  const verified: Verified<Claims> = markVerified("hardware", { tee: "snp" });
  expect(isHardware(verified) ? release(verified) : "refused").toBe("secret");
});

test("claims cannot bring an assurance of their own", () => {
  const claims = { assurance: "hardware", tee: "sgx" };
  expect(markVerified("simulation", claims).assurance).toBe("simulation");
});
