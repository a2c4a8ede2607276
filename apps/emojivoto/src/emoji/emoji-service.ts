import { create } from "@bufbuild/protobuf";
import { listedEmoji } from "../gen/catalogue.ts";
import {
  EmojiService,
  type FindByShortcodeRequest,
  type FindByShortcodeResponse,
  FindByShortcodeResponseSchema,
  type ListAllEmojiResponse,
  ListAllEmojiResponseSchema,
} from "../gen/emojivoto/v1/emoji_pb.ts";
import type { GrpcMetrics } from "../grpc/grpc-metrics.ts";
import type { ServedService } from "../grpc/grpc-server.ts";
import { serviceDefinitionOf } from "../grpc/service-definition.ts";
import { unaryHandler } from "../grpc/unary-handler.ts";

/** Creates `emojivoto.v1.EmojiService`: the fixed list, and exact look-up that answers an unknown shortcode without an emoji. */
export function createEmojiService({ metrics }: { readonly metrics: GrpcMetrics }): ServedService {
  const list = create(ListAllEmojiResponseSchema, { list: [...listedEmoji] });
  const byShortcode = new Map(listedEmoji.map((emoji) => [emoji.shortcode, emoji]));
  const method = (name: string) =>
    metrics({ grpc_type: "unary", grpc_service: EmojiService.typeName, grpc_method: name });
  const find = (request: FindByShortcodeRequest): FindByShortcodeResponse => {
    const emoji = byShortcode.get(request.Shortcode);
    return create(FindByShortcodeResponseSchema, emoji === undefined ? {} : { Emoji: emoji });
  };
  return {
    definition: serviceDefinitionOf(EmojiService),
    handlers: {
      ListAll: unaryHandler(method("ListAll"), (): ListAllEmojiResponse => list),
      FindByShortcode: unaryHandler(method("FindByShortcode"), find),
    },
  };
}
