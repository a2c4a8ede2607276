import type { ServiceDefinition } from "@grpc/grpc-js";

/** A message of at most one string, field 1: all that these calls carry. */
function encodeText({ text = "" }: { readonly text?: string }): Buffer {
  const bytes = Buffer.from(text);
  return bytes.length === 0
    ? Buffer.alloc(0)
    : Buffer.concat([Buffer.from([0x0a, bytes.length]), bytes]);
}

function decodeText(bytes: Buffer): { readonly text: string } {
  return { text: bytes.subarray(2).toString() };
}

function unary(path: string): ServiceDefinition[string] {
  return {
    path,
    requestStream: false,
    responseStream: false,
    requestSerialize: encodeText,
    requestDeserialize: decodeText,
    responseSerialize: encodeText,
    responseDeserialize: decodeText,
  };
}

/** The two calls that a vote costs in the originals; encoded by hand, which flatters them. */
export const naiveServices: {
  readonly emoji: ServiceDefinition;
  readonly voting: ServiceDefinition;
} = {
  emoji: { FindByShortcode: unary("/emojivoto.v1.EmojiService/FindByShortcode") },
  voting: { VoteJoy: unary("/emojivoto.v1.VotingService/VoteJoy") },
};
