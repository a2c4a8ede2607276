import { randomUUID } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encodePem } from "@carrara/encoding";
import { authorityNames, createAuthority } from "../core/authority.ts";
import type { KubernetesAccess } from "../store/kubernetes/kubernetes-client.ts";
import {
  ApiRefusal,
  createKubernetesObjects,
  type Json,
  type KubernetesObjects,
  type ObjectEvent,
  type StoredObject,
} from "./kubernetes-objects.ts";

/** The namespace that the server has. */
export const TEST_NAMESPACE = "mesh";

const KINDS: Readonly<Record<string, string>> = { secrets: "Secret", configmaps: "ConfigMap" };
/** Milliseconds between bookmarks; a real server sends one a minute. */
const BOOKMARK_MS = 50;

/** How the server fails once. */
type ApiFault =
  /** Does as asked, then loses the connection. */
  | "lose answer"
  /** Asks for patience. */
  | "too many requests";

/**
 * An API server of Kubernetes as far as the store uses it: HTTPS with bearer tokens, GET, POST and
 * merge PATCH of Secrets and ConfigMaps, lists, metadata-only answers, resource versions with
 * conflicts, and watches with bookmarks and 410 Gone. Written from the API's public conventions.
 */
export interface KubernetesApi {
  readonly access: KubernetesAccess;
  readonly objects: KubernetesObjects;
  /** Makes a new token the only good one, and writes it where pods find theirs. */
  rotateToken(): Promise<void>;
  /** Fails the next write. */
  failNext(fault: ApiFault): void;
  /** Ends all watches; `broken` in the middle of the connection. */
  endWatches(broken: boolean): void;
  /** Watches that are open. */
  watches(): number;
  close(): Promise<void>;
}

/** Starts an API server on a loopback port. */
export async function startKubernetesApi(): Promise<KubernetesApi> {
  const dir = await mkdtemp(join(tmpdir(), "carrara-kube-"));
  const authority = await createAuthority(authorityNames(["localhost"], []), new Date());
  const ca = encodePem("CERTIFICATE", authority.root.certificate);
  const tokenFile = join(dir, "token");
  const objects = createKubernetesObjects();
  const watches = new Set<ServerResponse>();
  let token = "";
  let fault: ApiFault | undefined;
  const rotateToken = async () => {
    token = randomUUID();
    await writeFile(tokenFile, `${token}\n`);
  };
  await rotateToken();

  const server = createServer(
    { cert: ca, key: authority.root.key.export({ type: "pkcs8", format: "pem" }) },
    (request, response) => {
      handle(request, response).catch((error: unknown) => refuse(response, error));
    },
  );
  const handle = async (request: IncomingMessage, response: ServerResponse) => {
    if (request.headers.authorization !== `Bearer ${token}`) {
      throw new ApiRefusal(401, "Unauthorized", "Unauthorized");
    }
    const url = new URL(request.url ?? "/", "https://localhost");
    const { collection, name } = placeOf(url.pathname);
    const { method } = request;
    if (method === "GET" && name === undefined) {
      if (url.searchParams.get("watch") === "true") watch(url, collection, response);
      else send(request, response, 200, listOf(collection, url));
      return;
    }
    if (method === "GET" && name !== undefined) {
      send(request, response, 200, render(objects.get(collection, name)));
      return;
    }
    const body = await readJson(request);
    const failing = fault;
    fault = undefined;
    if (failing === "too many requests") {
      throw new ApiRefusal(429, "TooManyRequests", "the server has received too many requests");
    }
    const changed = write(request, collection, name, body);
    if (failing === "lose answer") request.socket.destroy();
    else send(request, response, method === "POST" ? 201 : 200, render(changed));
  };
  const write = (
    { method, headers }: IncomingMessage,
    collection: string,
    name: string | undefined,
    body: Json,
  ): StoredObject => {
    const type = headers["content-type"];
    if (method === "POST" && name === undefined) {
      if (type !== "application/json") throw unsupported();
      if (body["kind"] !== KINDS[collection]) {
        throw new ApiRefusal(400, "BadRequest", "the kind is not of this collection");
      }
      return objects.create(collection, body);
    }
    if (method === "PATCH" && name !== undefined) {
      if (type !== "application/merge-patch+json") throw unsupported();
      return objects.patch(collection, name, body);
    }
    throw new ApiRefusal(405, "MethodNotAllowed", "the method is not allowed");
  };
  const listOf = (collection: string, url: URL): Json => {
    const items = objects.list(collection).filter(({ name }) => isSelected(url, name));
    const metadata = { resourceVersion: String(objects.version()) };
    return {
      apiVersion: "v1",
      kind: `${KINDS[collection]}List`,
      metadata,
      items: items.map(render),
    };
  };
  const watch = (url: URL, collection: string, response: ServerResponse) => {
    const from = Number(url.searchParams.get("resourceVersion") ?? Number.NaN);
    const missed = objects.since(from);
    response.writeHead(200, { "content-type": "application/json" });
    const event = (type: string, object: Json) =>
      response.write(`${JSON.stringify({ type, object })}\n`);
    if (missed === undefined) {
      event("ERROR", statusOf(410, "Expired", `too old resource version: ${from}`));
      response.end();
      return;
    }
    const tell = ({ type, object }: ObjectEvent) => {
      if (object.collection !== collection || !isSelected(url, object.name)) return;
      event(type, render(object));
    };
    const kind = KINDS[collection];
    const bookmark = () => {
      const metadata = { resourceVersion: String(objects.version()) };
      event("BOOKMARK", { apiVersion: "v1", kind, metadata });
    };
    for (const each of missed) tell(each);
    const stop = objects.subscribe(tell);
    const wantsBookmarks = url.searchParams.get("allowWatchBookmarks") === "true";
    const timer = wantsBookmarks ? setInterval(bookmark, BOOKMARK_MS) : undefined;
    const seconds = Number(url.searchParams.get("timeoutSeconds") ?? 300);
    const end = setTimeout(() => response.end(), seconds * 1000);
    watches.add(response);
    response.once("close", () => {
      clearInterval(timer);
      clearTimeout(end);
      stop();
      watches.delete(response);
    });
  };

  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo; // listens on TCP by construction
  return {
    access: { host: "localhost", port, tokenFile, ca },
    objects,
    rotateToken,
    failNext: (next) => {
      fault = next;
    },
    endWatches: (broken) => {
      for (const each of watches) {
        if (broken) each.destroy();
        else each.end();
      }
    },
    watches: () => watches.size,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await rm(dir, { recursive: true });
    },
  };
}

function placeOf(path: string): { collection: string; name: string | undefined } {
  const [, api, v1, namespaces, namespace, collection = "", name, ...rest] = path.split("/");
  const known = api === "api" && v1 === "v1" && namespaces === "namespaces" && rest.length === 0;
  if (!known || KINDS[collection] === undefined) {
    throw new ApiRefusal(404, "NotFound", "the server could not find the requested resource");
  }
  if (namespace !== TEST_NAMESPACE) {
    throw new ApiRefusal(403, "Forbidden", `${collection} is forbidden in this namespace`);
  }
  return { collection, name: name === undefined ? undefined : decodeURIComponent(name) };
}

function isSelected(url: URL, name: string): boolean {
  const selector = url.searchParams.get("fieldSelector");
  return selector === null || selector === `metadata.name=${name}`;
}

function render({ collection, name, version, content }: StoredObject): Json {
  const metadata = content["metadata"];
  return {
    ...content,
    apiVersion: "v1",
    kind: KINDS[collection],
    metadata: {
      ...(typeof metadata === "object" ? metadata : {}),
      name,
      namespace: TEST_NAMESPACE,
      resourceVersion: String(version),
    },
  };
}

function send(
  { headers }: IncomingMessage,
  response: ServerResponse,
  status: number,
  object: Json,
): void {
  const partial = /as=PartialObjectMetadata(List)?;/.exec(headers.accept ?? "");
  const body =
    partial === null
      ? object
      : {
          apiVersion: "meta.k8s.io/v1",
          kind: `PartialObjectMetadata${partial[1] ?? ""}`,
          metadata: object["metadata"],
        };
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(body));
}

function statusOf(code: number, reason: string, message: string): Json {
  return {
    apiVersion: "v1",
    kind: "Status",
    status: "Failure",
    code,
    reason,
    message,
    metadata: {},
  };
}

function refuse(response: ServerResponse, error: unknown): void {
  const { status, reason, message } =
    error instanceof ApiRefusal ? error : new ApiRefusal(500, "InternalError", String(error));
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(statusOf(status, reason, message)));
}

async function readJson(request: IncomingMessage): Promise<Json> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(Buffer.from(chunk));
  try {
    return JSON.parse(Buffer.concat(chunks).toString());
  } catch {
    throw new ApiRefusal(400, "BadRequest", "the body is no json");
  }
}

function unsupported(): ApiRefusal {
  return new ApiRefusal(415, "UnsupportedMediaType", "the body is in an unsupported form");
}
