import type { BuildInfo } from "../observe/metrics.ts";
import { SCHEMAS, SECURITY_SCHEMES, TAGS } from "./components.ts";
import type { Operation, QueryParameter } from "./operation.ts";
import { OPERATIONS_V1 } from "./operations-v1.ts";
import { OPERATIONS_V2 } from "./operations-v2.ts";
import { type JsonSchema, record, reference } from "./schema.ts";

/** A served route, as its handler is registered with. */
export interface ServedRoute {
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly version: 1 | 2;
  readonly maxBodyBytes: number;
}

/** JSON of an OpenAPI document. */
export interface OpenApiDocument {
  readonly openapi: "3.1.0";
  readonly info: Readonly<Record<string, unknown>>;
  readonly paths: Readonly<Record<string, Readonly<Record<string, OperationObject>>>>;
  readonly components: {
    readonly schemas: Readonly<Record<string, JsonSchema>>;
    readonly securitySchemes: typeof SECURITY_SCHEMES;
  };
  readonly [section: string]: unknown;
}

/** One operation of the document. */
interface OperationObject {
  readonly operationId: string;
  readonly responses: Readonly<Record<string, ResponseObject>>;
  readonly [field: string]: unknown;
}

/** One kind of answer. */
interface ResponseObject {
  readonly description: string;
  readonly content: Readonly<Record<string, { readonly schema: JsonSchema }>>;
}

/** Where the document itself is served; an addition to MarbleRun's API. */
export const OPENAPI_ROUTE: ServedRoute = {
  method: "GET",
  path: "/api/v2/openapi.json",
  version: 2,
  maxBodyBytes: 0,
};

const OPERATIONS: Readonly<Record<string, Operation>> = { ...OPERATIONS_V2, ...OPERATIONS_V1 };

const DESCRIPTION = `The control plane of a confidential mesh, as MarbleRun's clients know it.

Before anything else, verify the evidence of \`GET /api/v2/quote\`: it names the root certificate that
this very server presents. Unknown paths and methods are answered with 405. Each answer carries the
request's id in the header \`carrara-request-id\`, under which the log has it.`;

/**
 * The OpenAPI 3.1 document of `routes`. Throws TypeError for a route without description, or a
 * description without route.
 */
export function openApiDocument(
  routes: readonly ServedRoute[],
  { version }: Pick<BuildInfo, "version">,
): OpenApiDocument {
  const keys = new Set(routes.map(keyOf));
  const orphan = Object.keys(OPERATIONS).find((key) => !keys.has(key));
  if (orphan !== undefined) throw new TypeError(`${orphan} is described and not served`);
  return {
    openapi: "3.1.0",
    info: {
      title: "Carrara Coordinator",
      version,
      description: DESCRIPTION,
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    servers: [
      {
        url: "https://{host}:{port}",
        description: "A Coordinator's client API",
        variables: { host: { default: "coordinator" }, port: { default: "4433" } },
      },
    ],
    tags: Object.entries(TAGS).map(([name, description]) => ({ name, description })),
    paths: pathsOf(routes),
    components: { schemas: SCHEMAS, securitySchemes: SECURITY_SCHEMES },
  };
}

function keyOf({ method, path }: ServedRoute): string {
  return `${method} ${path}`;
}

function pathsOf(routes: readonly ServedRoute[]): OpenApiDocument["paths"] {
  const paths: Record<string, Record<string, OperationObject>> = {};
  for (const route of routes) {
    const operation = OPERATIONS[keyOf(route)];
    if (operation === undefined) throw new TypeError(`${keyOf(route)} is served and not described`);
    const methods = paths[route.path] ?? {};
    paths[route.path] = methods;
    methods[route.method.toLowerCase()] = operationObject(route, operation);
  }
  return paths;
}

function operationObject(route: ServedRoute, operation: Operation): OperationObject {
  const { id, summary, tag, security, query = [], body } = operation;
  return {
    operationId: id,
    summary,
    tags: [tag],
    ...(route.version === 1 && { deprecated: true }),
    security: security === undefined ? [] : [{ [security]: [] }],
    ...(query.length > 0 && { parameters: query.map(parameterObject) }),
    ...(body !== undefined && { requestBody: requestBody(route, body) }),
    responses: responsesOf(route, operation),
  };
}

function parameterObject({ name, description, required, schema }: QueryParameter) {
  return { name, in: "query", description, required, schema };
}

function requestBody({ maxBodyBytes }: ServedRoute, body: JsonSchema | "raw") {
  const schema: JsonSchema =
    body === "raw" ? { type: "object", description: "The manifest as it is" } : body;
  return {
    required: true,
    description: `At most ${maxBodyBytes} bytes; any content type is taken for JSON`,
    content: { "application/json": { schema } },
  };
}

/** Statuses that any route with a body may answer with: cut off, or too large. */
const OF_BODIES = [408, 413];

function responsesOf(
  { method, version }: ServedRoute,
  { id, data, refusals }: Operation,
): OperationObject["responses"] {
  const statuses = [...refusals, ...(method === "POST" ? OF_BODIES : [])].sort((a, b) => a - b);
  const refused = statuses.map((status) => [String(status), refusal(status, version)] as const);
  const isDocument = id === OPERATIONS_V2[keyOf(OPENAPI_ROUTE)]?.id;
  const success = isDocument ? DOCUMENT : data === undefined ? undefined : envelopeOf(data);
  return Object.fromEntries([
    ...(success === undefined ? [] : [["200", jsonResponse("Success", success)] as const]),
    ...refused,
  ]);
}

const DOCUMENT: JsonSchema = { type: "object", description: "An OpenAPI 3.1 document" };

function envelopeOf(data: JsonSchema): JsonSchema {
  return record({ status: { const: "success" }, data });
}

const REASONS: Readonly<Record<number, string>> = {
  400: "Malformed",
  401: "The certificate is not one that may do this",
  403: "The manifest does not enable the feature",
  404: "No update is pending",
  408: "The request took too long to arrive",
  410: "Gone",
  413: "The body is too large",
  500: "Cannot be done, now or at all: see the code",
};

/** Statuses of v2 whose envelope is that of a failure (section 2.10). */
const FAILURES: ReadonlySet<number> = new Set([400, 401]);

function refusal(status: number, version: 1 | 2): ResponseObject {
  const description = REASONS[status] ?? "Refused";
  if (version === 2 && FAILURES.has(status)) return jsonResponse(description, reference("Failure"));
  const content = { "text/plain; charset=utf-8": { schema: reference("Error") } };
  return { description, content };
}

function jsonResponse(description: string, schema: JsonSchema): ResponseObject {
  return { description, content: { "application/json": { schema } } };
}
