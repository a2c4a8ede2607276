import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";

const root = new URL("../", import.meta.url);
const json = async <Shape>(name: string): Promise<Shape> =>
  JSON.parse(await readFile(new URL(name, root), "utf8")) as Shape;

interface Package {
  readonly Debug: boolean;
  readonly ProductID: number;
  readonly SecurityVersion: number;
}
interface Manifest {
  readonly Packages: Readonly<Record<string, Package>>;
  readonly Marbles: Readonly<
    Record<string, { readonly Package: string; readonly TLS: readonly string[] }>
  >;
  readonly TLS: Readonly<
    Record<string, { readonly Incoming?: readonly { readonly Port: string }[] }>
  >;
}
interface Enclaves {
  readonly images: Readonly<
    Record<
      string,
      {
        readonly entry: string;
        readonly productId: number;
        readonly securityVersion: number;
        readonly debug: boolean;
      }
    >
  >;
}
interface Mesh {
  readonly marbles: readonly {
    readonly type: string;
    readonly image: string;
    readonly listen: Record<string, string>;
  }[];
}

describe("manifest.json, enclave.json and mesh.json", () => {
  test("agree on product ids, versions and the absence of debug", async () => {
    const { Packages, Marbles } = await json<Manifest>("manifest.json");
    const { images } = await json<Enclaves>("enclave.json");
    const { marbles } = await json<Mesh>("mesh.json");
    expect(marbles.map(({ type }) => type).sort()).toEqual(Object.keys(Marbles).sort());
    for (const { type, image } of marbles) {
      const wanted = Packages[Marbles[type]?.Package ?? ""];
      const built = images[image];
      expect([built?.productId, built?.securityVersion, built?.debug]).toEqual([
        wanted?.ProductID,
        wanted?.SecurityVersion,
        false,
      ]);
      expect(wanted?.Debug).toBe(false);
    }
  });

  test("put every port that a marble listens on under TLS", async () => {
    const { Marbles, TLS } = await json<Manifest>("manifest.json");
    const { marbles } = await json<Mesh>("mesh.json");
    for (const { type, listen } of marbles) {
      const ports = (Marbles[type]?.TLS ?? []).flatMap((tag) => TLS[tag]?.Incoming ?? []);
      expect(ports.map(({ Port }) => Port).sort()).toEqual(Object.keys(listen).sort());
    }
  });

  test("name programs that exist, and build the fix as a later version of the same product", async () => {
    const { images } = await json<Enclaves>("enclave.json");
    for (const { entry } of Object.values(images))
      expect(existsSync(new URL(entry, root))).toBe(true);
    const { "voting-svc": first, "voting-svc-fix": fix } = images;
    expect([fix?.entry, fix?.productId]).toEqual([first?.entry, first?.productId]);
    expect(fix?.securityVersion).toBe(2);
  });

  test("permit nothing but that version in the update", async () => {
    expect(await json("update-manifest.json")).toEqual({
      Packages: { "voting-svc": { SecurityVersion: 2 } },
    });
  });

  test("are what the example of the docs runs, too", async () => {
    const own = await json<Record<string, unknown>>("manifest.json");
    const example = await json<Record<string, unknown>>("../../docs/examples/manifest.json");
    for (const section of ["Packages", "Marbles", "TLS", "Config"]) {
      expect(example[section]).toEqual(own[section]);
    }
  });
});
