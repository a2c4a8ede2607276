import { toBase64 } from "@carrara/encoding";
import { CoordinatorError } from "../../error.ts";
import type { MachineEntries, SealedState, StateStore, StoredState } from "../state-store.ts";
import { conflictError, storeError } from "../store-error.ts";
import {
  createKubernetesClient,
  type KubernetesAccess,
  type KubernetesAnswer,
  type KubernetesClient,
} from "./kubernetes-client.ts";
import { METADATA_ONLY, readObject, refusalOf, resourceVersionOf } from "./kubernetes-object.ts";
import { watchObject } from "./watch-object.ts";

/** The objects of section 8.6. */
export interface KubernetesStoreOptions extends KubernetesAccess {
  readonly namespace: string;
  /** Name of the Secret with the sealed state. */
  readonly stateName: string;
  /** Name of the ConfigMap with the entries of the machines. */
  readonly machinesName: string;
}

const DATA = "sealed_data";
const KEY = "sealed_key";
const WITNESS = "sealed_version";
/** Most bytes of data that a Secret may have, keys and values together. */
const MAX_SECRET_BYTES = 1024 * 1024;
/** Times that an entry is tried to be made while others write to the same object. */
const MAX_ENTRY_ATTEMPTS = 20;

/**
 * A store in a Kubernetes Secret; entries of machines are in a ConfigMap. The API server compares
 * resource versions and lets one of two commits through. Needs the verbs get, list, watch, create and
 * patch. A state is limited to 1 MiB, as every Secret.
 */
export function createKubernetesStore(options: KubernetesStoreOptions): StateStore {
  const client = createKubernetesClient(options);
  const namespace = `/api/v1/namespaces/${encodeURIComponent(options.namespace)}`;
  const secrets = `${namespace}/secrets`;
  const path = `${secrets}/${encodeURIComponent(options.stateName)}`;
  const stops = new Set<() => Promise<void>>();
  return {
    machines: machineEntries(client, `${namespace}/configmaps`, options.machinesName),
    version: async () => {
      const answer = await client.call({ method: "GET", path, accept: METADATA_ONLY });
      return answer.status === 404 ? undefined : resourceVersionOf(accepted(answer));
    },
    read: async () => {
      const answer = await client.call({ method: "GET", path });
      return answer.status === 404 ? undefined : storedStateOf(accepted(answer));
    },
    commit: async (expected, next) => {
      const data = encodeSecret(next);
      const answer =
        expected === undefined
          ? await client.call({
              method: "POST",
              path: secrets,
              body: {
                apiVersion: "v1",
                kind: "Secret",
                type: "Opaque",
                metadata: { name: options.stateName },
                data,
              },
            })
          : await client.call({
              method: "PATCH",
              path,
              body: { metadata: { resourceVersion: expected }, data },
            });
      // 404: somebody removed the object that the commit was to follow.
      if (answer.status === 409 || answer.status === 404) throw conflictError();
      return resourceVersionOf(accepted(answer));
    },
    watch: (listener) => {
      const stop = watchObject(client, secrets, options.stateName, listener);
      stops.add(stop);
      return () => {
        stops.delete(stop);
        void stop();
      };
    },
    close: async () => {
      await Promise.all([...stops].map(async (stop) => await stop()));
      client.close();
    },
  };
}

function machineEntries(
  client: KubernetesClient,
  collection: string,
  name: string,
): MachineEntries {
  const path = `${collection}/${encodeURIComponent(name)}`;
  const find = async () => {
    const answer = await client.call({ method: "GET", path });
    return answer.status === 404 ? undefined : readObject(accepted(answer), "binaryData");
  };
  const patch = async (entry: string, bytes: Uint8Array, resourceVersion?: string) =>
    await client.call({
      method: "PATCH",
      path,
      body: {
        ...(resourceVersion === undefined ? {} : { metadata: { resourceVersion } }),
        binaryData: { [entry]: toBase64(bytes) },
      },
    });
  const make = async (entry: string, bytes: Uint8Array) =>
    await client.call({
      method: "POST",
      path: collection,
      body: {
        apiVersion: "v1",
        kind: "ConfigMap",
        metadata: { name },
        binaryData: { [entry]: toBase64(bytes) },
      },
    });
  return {
    read: async (entry) => (await find())?.values.get(entry),
    create: async (entry, bytes) => {
      for (let attempt = 0; attempt < MAX_ENTRY_ATTEMPTS; attempt += 1) {
        const found = await find();
        if (found?.values.has(entry)) return false;
        const answer = found ? await patch(entry, bytes, found.version) : await make(entry, bytes);
        if (!isOvertaken(answer)) return accepted(answer) !== undefined;
      }
      throw conflictError();
    },
    write: async (entry, bytes) => {
      for (let attempt = 0; attempt < MAX_ENTRY_ATTEMPTS; attempt += 1) {
        // Touches its own entry only, so that it needs no version.
        const patched = await patch(entry, bytes);
        const answer = patched.status === 404 ? await make(entry, bytes) : patched;
        if (isOvertaken(answer)) continue;
        accepted(answer);
        return;
      }
      throw conflictError();
    },
  };
}

function isOvertaken({ status }: KubernetesAnswer): boolean {
  return status === 409 || status === 404;
}

function encodeSecret({ data, key, witness }: SealedState): Readonly<Record<string, string>> {
  const bytes = data.length + key.length + witness.length;
  if (bytes > MAX_SECRET_BYTES) {
    throw storeError(`a state of ${bytes} bytes is too large, a kubernetes secret holds 1 MiB`);
  }
  return { [DATA]: toBase64(data), [KEY]: toBase64(key), [WITNESS]: toBase64(witness) };
}

function storedStateOf(body: unknown): StoredState {
  const { version, values } = readObject(body, "data");
  const data = values.get(DATA);
  if (data === undefined) {
    throw new CoordinatorError("STATE_TAMPERED", "sealed_data is gone, the secret is there");
  }
  return { version, data, key: values.get(KEY), witness: values.get(WITNESS) };
}

function accepted({ status, body }: KubernetesAnswer): unknown {
  if (status === 200 || status === 201) return body ?? {};
  throw storeError(`kubernetes refuses with status ${status}: ${refusalOf(body)}`);
}
