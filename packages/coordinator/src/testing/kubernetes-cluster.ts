import { randomBytes } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { KubernetesStoreOptions } from "../store/kubernetes/kubernetes-store.ts";

/** A genuine API server that somebody gave to the tests, with the rights to make a namespace. */
export interface ClusterAccess {
  readonly url: URL;
  /** PEM of the server's CA. */
  readonly caFile: string;
  /** Bearer token of an administrator. */
  readonly tokenFile: string;
}

/**
 * The server of `CARRARA_TEST_KUBERNETES` (a URL), `CARRARA_TEST_KUBERNETES_CA_FILE` and
 * `CARRARA_TEST_KUBERNETES_TOKEN_FILE`; undefined unless all are set.
 */
export function findKubernetes(
  env: Readonly<Record<string, string | undefined>>,
): ClusterAccess | undefined {
  const url = env["CARRARA_TEST_KUBERNETES"];
  const caFile = env["CARRARA_TEST_KUBERNETES_CA_FILE"];
  const tokenFile = env["CARRARA_TEST_KUBERNETES_TOKEN_FILE"];
  if (url === undefined || caFile === undefined || tokenFile === undefined) return undefined;
  return { url: new URL(url), caFile, tokenFile };
}

/** A namespace of its own with a service account that may do what the documentation says, no more. */
export interface ClusterNamespace {
  /** What the Coordinator's pod would have. */
  readonly store: KubernetesStoreOptions;
  /** A call of the administrator below the namespace; throws unless it succeeds. */
  admin(method: string, path: string, body?: unknown): Promise<unknown>;
  /** Removes what a Coordinator stored. */
  clear(): Promise<void>;
  close(): Promise<void>;
}

const ACCOUNT = "carrara-coordinator";
const TOKEN_SECONDS = 3600;
const CALL_TIMEOUT_MS = 10_000;
const STATE_NAME = "marblerun-state";
const MACHINES_NAME = "marblerun-sealed-kek";

/** Makes the namespace, the account, and the role that `docs/high-availability.md` prints. */
export async function openClusterNamespace(access: ClusterAccess): Promise<ClusterNamespace> {
  const ca = await readFile(access.caFile, "utf8");
  const token = (await readFile(access.tokenFile, "utf8")).trim();
  const call = async (method: string, path: string, body?: unknown): Promise<Answer> =>
    await send({ access, ca, token }, method, path, body);
  const namespace = `carrara-${randomBytes(5).toString("hex")}`;
  const core = `/api/v1/namespaces/${namespace}`;
  const rbac = `/apis/rbac.authorization.k8s.io/v1/namespaces/${namespace}`;
  await succeeded(call("POST", "/api/v1/namespaces", { metadata: { name: namespace } }));
  await succeeded(call("POST", `${core}/serviceaccounts`, { metadata: { name: ACCOUNT } }));
  await succeeded(call("POST", `${rbac}/roles`, await documentedRole()));
  await succeeded(
    call("POST", `${rbac}/rolebindings`, {
      metadata: { name: ACCOUNT },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: ACCOUNT },
      subjects: [{ kind: "ServiceAccount", name: ACCOUNT, namespace }],
    }),
  );
  const dir = await mkdtemp(join(tmpdir(), "carrara-cluster-"));
  const tokenFile = join(dir, "token");
  const asked = { spec: { expirationSeconds: TOKEN_SECONDS } };
  const made = await succeeded(call("POST", `${core}/serviceaccounts/${ACCOUNT}/token`, asked));
  await writeFile(tokenFile, tokenIn(made), { mode: 0o600 });
  return {
    store: {
      host: access.url.hostname,
      port: Number(access.url.port || 443),
      tokenFile,
      ca,
      namespace,
      stateName: STATE_NAME,
      machinesName: MACHINES_NAME,
    },
    admin: async (method, path, body) => await succeeded(call(method, `${core}/${path}`, body)),
    clear: async () => {
      await call("DELETE", `${core}/secrets/${STATE_NAME}`);
      await call("DELETE", `${core}/configmaps/${MACHINES_NAME}`);
    },
    close: async () => {
      await call("DELETE", `/api/v1/namespaces/${namespace}`);
      await rm(dir, { recursive: true });
    },
  };
}

/** The text of the role, so that the page cannot say less or more than is needed. */
async function documentedRole(): Promise<string> {
  const page = new URL("../../../../docs/high-availability.md", import.meta.url);
  const [, yaml = ""] = /```yaml\n([\s\S]*?)```/.exec(await readFile(page, "utf8")) ?? [];
  const [role = ""] = yaml.split("---\n");
  return role;
}

function tokenIn(answer: unknown): string {
  const { status } = answer as { readonly status?: { readonly token?: unknown } };
  if (typeof status?.token === "string") return status.token;
  throw new TypeError("the API server gave no token");
}

interface Answer {
  readonly status: number;
  readonly text: string;
}

async function succeeded(answer: Promise<Answer>): Promise<unknown> {
  const { status, text } = await answer;
  if (status < 300) return JSON.parse(text);
  throw new TypeError(`the API server answers ${status}: ${text}`);
}

/** A text is YAML, anything else is sent as JSON; PATCH is a merge patch. */
async function send(
  { access, ca, token }: { access: ClusterAccess; ca: string; token: string },
  method: string,
  path: string,
  body: unknown,
): Promise<Answer> {
  const type =
    method === "PATCH"
      ? "application/merge-patch+json"
      : typeof body === "string"
        ? "application/yaml"
        : "application/json";
  return await new Promise((resolve, reject) => {
    const outgoing = request(new URL(path, access.url), {
      method,
      ca,
      timeout: CALL_TIMEOUT_MS,
      headers: {
        authorization: `Bearer ${token}`,
        accept: "application/json",
        "content-type": type,
      },
    });
    outgoing.once("error", reject);
    outgoing.once("response", (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.once("error", reject);
      response.once("end", () =>
        resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString() }),
      );
    });
    outgoing.end(typeof body === "string" || body === undefined ? body : JSON.stringify(body));
  });
}
