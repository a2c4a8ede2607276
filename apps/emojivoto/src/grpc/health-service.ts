import { create } from "@bufbuild/protobuf";
import type { ServerUnaryCall, sendUnaryData } from "@grpc/grpc-js";
import {
  Health,
  type HealthCheckRequest,
  type HealthCheckResponse,
  HealthCheckResponseSchema,
} from "../gen/grpc/health/v1/health_pb.ts";
import type { ServedService } from "./grpc-server.ts";
import { serviceDefinitionOf } from "./service-definition.ts";

/** `ServingStatus` of the health protocol. */
export const servingStatus = { serving: 1, notServing: 2 } as const;

/** Path of the health check, for clients. */
export const HEALTH_CHECK_PATH = "/grpc.health.v1.Health/Check";

/** The health of the whole server, whatever service is asked for: they stand and fall together. */
export function healthService(isServing: () => boolean): ServedService {
  const check = (
    _call: ServerUnaryCall<HealthCheckRequest, HealthCheckResponse>,
    answer: sendUnaryData<HealthCheckResponse>,
  ): void => {
    const status = isServing() ? servingStatus.serving : servingStatus.notServing;
    answer(null, create(HealthCheckResponseSchema, { status }));
  };
  return { definition: serviceDefinitionOf(Health), handlers: { Check: check } };
}
