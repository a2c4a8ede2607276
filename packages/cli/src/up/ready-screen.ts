import type { TeeKind } from "@carrara/attestation";
import pc from "picocolors";

/** Facts of a running mesh, as `--json` reports them. */
export interface ReadyFacts {
  /** `https://localhost:8443`. */
  readonly web: string;
  /** The same of further instances, if there are any. */
  readonly webReplicas: readonly string[];
  /** `localhost:4433`. */
  readonly coordinator: string;
  /** File with the certificate chain to verify both with. */
  readonly coordinatorCert: string;
  /** File with the manifest that was set. */
  readonly manifest: string;
  readonly assurance: string;
}

const TEE_NAMES: Readonly<Record<TeeKind, string>> = {
  sgx: "simulated SGX",
  tdx: "simulated TDX",
  snp: "simulated SEV-SNP",
};

/** The one JSON line that ends a start. */
export function readyLine(facts: ReadyFacts): string {
  const { web, webReplicas, coordinator, coordinatorCert, manifest, assurance } = facts;
  const replicas = webReplicas.length === 0 ? {} : { webReplicas };
  const where = { web, ...replicas, coordinator, coordinatorCert, manifest };
  const event = { event: "ready", ...where, assurance };
  return `${JSON.stringify(event)}\n`;
}

/** What a person sees when the mesh runs. */
export function readyScreen(
  facts: ReadyFacts,
  options: {
    readonly color: boolean;
    readonly cli: string;
    readonly tee: TeeKind;
    readonly measurement: string;
  },
): string {
  const { bold, cyan, dim, yellow } = pc.createColors(options.color);
  const { coordinator, coordinatorCert, manifest, web, webReplicas } = facts;
  const also = webReplicas.map((url) => `\n               ${cyan(url)}`).join("");
  return `
  ${bold("The mesh is running.")}

  Vote         ${cyan(web)}${also}
               ${dim(`the browser warns until it trusts ${coordinatorCert};`)}
               ${dim(`curl --cacert ${coordinatorCert} ${web} verifies it`)}
  Coordinator  ${cyan(coordinator)}
               ${dim(`on ${TEE_NAMES[options.tee]}, UniqueID ${options.measurement}`)}
  Verify       ${options.cli} manifest verify ${manifest} ${coordinator} --insecure

  ${yellow("SIMULATION: not protected by hardware")}
  ${dim("Everything is measured, attested and encrypted as on real hardware, but the keys of this")}
  ${dim("machine's simulated platform are files that its owner can read.")}

  Stop with Ctrl-C; start again to continue where you left off.
`;
}
