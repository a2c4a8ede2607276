/** An object of the API as JSON. */
export type Json = { readonly [name: string]: unknown };

/** An object under a name in a collection; `version` numbers all changes of the server together. */
export interface StoredObject {
  readonly collection: string;
  readonly name: string;
  readonly version: number;
  readonly content: Json;
}

/** A change that watchers hear of. */
export interface ObjectEvent {
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  readonly object: StoredObject;
}

/** A refusal with the status and reason that the API server gives. */
export class ApiRefusal extends Error {
  readonly status: number;
  readonly reason: string;

  constructor(status: number, reason: string, message: string) {
    super(message);
    this.name = "ApiRefusal";
    this.status = status;
    this.reason = reason;
  }
}

/** The objects of an API server with their history, as etcd keeps them. */
export interface KubernetesObjects {
  /** Number of the last change. */
  version(): number;
  get(collection: string, name: string): StoredObject;
  list(collection: string): readonly StoredObject[];
  create(collection: string, content: Json): StoredObject;
  /** Applies a merge patch; a resource version in it must be the present one. */
  patch(collection: string, name: string, patch: Json): StoredObject;
  remove(collection: string, name: string): void;
  /** Forgets all events so far, as the server does after five minutes. */
  compact(): void;
  /** The events after `version`, or undefined when some of them are forgotten. */
  since(version: number): readonly ObjectEvent[] | undefined;
  /** Calls back for each event. Returns how to stop. */
  subscribe(listener: (event: ObjectEvent) => void): () => void;
}

const MAX_DATA_BYTES = 1024 * 1024;

/** Objects of a server that just started. Etcd counts from anywhere; so do we. */
export function createKubernetesObjects(): KubernetesObjects {
  const objects = new Map<string, StoredObject>();
  const listeners = new Set<(event: ObjectEvent) => void>();
  let events: ObjectEvent[] = [];
  let version = 1000;
  let oldest = version;

  const publish = (type: ObjectEvent["type"], object: StoredObject): StoredObject => {
    events.push({ type, object });
    for (const listener of listeners) listener({ type, object });
    return object;
  };
  const put = (
    type: "ADDED" | "MODIFIED",
    collection: string,
    name: string,
    content: Json,
  ): StoredObject => {
    requireValid(content);
    version += 1;
    const object = { collection, name, version, content };
    objects.set(`${collection}/${name}`, object);
    return publish(type, object);
  };
  const get = (collection: string, name: string): StoredObject => {
    const object = objects.get(`${collection}/${name}`);
    if (object === undefined) throw new ApiRefusal(404, "NotFound", `${name} not found`);
    return object;
  };
  return {
    version: () => version,
    get,
    list: (collection) => [...objects.values()].filter((each) => each.collection === collection),
    create: (collection, content) => {
      const name = nameOf(content);
      if (objects.has(`${collection}/${name}`)) {
        throw new ApiRefusal(409, "AlreadyExists", `${name} already exists`);
      }
      return put("ADDED", collection, name, content);
    },
    patch: (collection, name, patch) => {
      const before = get(collection, name);
      const { resourceVersion } = asJson(patch["metadata"] ?? {});
      if (resourceVersion !== undefined && resourceVersion !== String(before.version)) {
        const message = `the object has been modified; please apply your changes to the latest version`;
        throw new ApiRefusal(409, "Conflict", message);
      }
      return put("MODIFIED", collection, name, mergePatch(before.content, patch));
    },
    remove: (collection, name) => {
      const object = get(collection, name);
      objects.delete(`${collection}/${name}`);
      version += 1;
      publish("DELETED", { ...object, version });
    },
    compact: () => {
      events = [];
      oldest = version;
    },
    since: (from) =>
      from < oldest ? undefined : events.filter(({ object }) => object.version > from),
    subscribe: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}

function nameOf(content: Json): string {
  const { name } = asJson(content["metadata"] ?? {});
  if (typeof name !== "string" || !/^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$/.test(name)) {
    throw new ApiRefusal(422, "Invalid", "metadata.name is not a DNS subdomain");
  }
  return name;
}

/** What the server checks of Secrets and ConfigMaps: keys, base64 and the size of it all. */
function requireValid(content: Json): void {
  let bytes = 0;
  for (const field of ["data", "binaryData"]) {
    for (const [key, value] of Object.entries(asJson(content[field] ?? {}))) {
      if (!/^[-._a-zA-Z0-9]{1,253}$/.test(key)) {
        throw new ApiRefusal(422, "Invalid", `${field} has an invalid key`);
      }
      if (typeof value !== "string" || !/^[A-Za-z0-9+/]*={0,2}$/.test(value)) {
        throw new ApiRefusal(400, "BadRequest", `${field}: illegal base64 data`);
      }
      bytes += key.length + Buffer.from(value, "base64").length;
    }
  }
  if (bytes > MAX_DATA_BYTES) throw new ApiRefusal(422, "Invalid", "data: Too long");
}

/** RFC 7396. */
function mergePatch(target: unknown, patch: Json): Json {
  const merged = new Map(isJson(target) ? Object.entries(target) : []);
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) merged.delete(name);
    else merged.set(name, isJson(value) ? mergePatch(merged.get(name), value) : value);
  }
  return Object.fromEntries(merged);
}

function asJson(value: unknown): Json {
  if (!isJson(value)) throw new ApiRefusal(400, "BadRequest", "not an object");
  return value;
}

function isJson(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
