import {
  ClientError,
  createHttpsTransport,
  formatCoordinatorHost,
  type ServerTrust,
  type TransportResponse,
} from "@carrara/client";
import { CliError } from "../cli-error.ts";

/** Where a site shows the evidence of its mesh. */
export const EVIDENCE_PATH = "/api/v2/evidence";

/** The public routes of a poll's web service. */
export interface Site {
  /** `HOST:PORT`. */
  readonly name: string;
  /** The UTF-8 text that the route answers. Throws `UNREACHABLE`, `TLS_NOT_TRUSTED`, `SITE_ANSWER_INVALID`. */
  getText(path: string, trust: ServerTrust): Promise<string>;
}

/** Whether an argument names a site and not a file. */
export function isSiteUrl(text: string): boolean {
  return /^https?:\/\//i.test(text);
}

/** The site at `url`, which is `https://HOST` or `https://HOST:PORT`. Throws `USAGE`. */
export function openSite(url: string, signal: AbortSignal): Site {
  const host = hostOf(url);
  const name = formatCoordinatorHost(host);
  const transport = createHttpsTransport({ host });
  return {
    name,
    async getText(path, trust) {
      try {
        return textOf(await transport({ method: "GET", path, trust, signal }), name, path);
      } catch (cause) {
        if (!(cause instanceof ClientError && cause.code === "UNREACHABLE")) throw cause;
        throw new CliError("UNREACHABLE", `nobody answers at https://${name}`, { cause });
      }
    },
  };
}

function hostOf(url: string): { readonly name: string; readonly port: number } {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  const isPlain = parsed?.pathname === "/" && parsed.search === "" && parsed.hash === "";
  if (parsed?.protocol !== "https:" || !isPlain || parsed.username !== "") {
    throw new CliError("USAGE", "a site is given as https://HOST:PORT, without a path");
  }
  const name = parsed.hostname.replace(/^\[(.*)\]$/, "$1");
  return { name, port: parsed.port === "" ? 443 : Number(parsed.port) };
}

function textOf({ status, body }: TransportResponse, name: string, path: string): string {
  const what = `https://${name}${path.replace(/\?.*$/, "")}`;
  if (status >= 500) throw new CliError("UNREACHABLE", `${what} answers ${status}`);
  if (status !== 200) {
    // A Coordinator answers 405 there, and any other site 404.
    const hint = path === EVIDENCE_PATH ? ": a poll's page has another address" : "";
    throw new CliError("SITE_ANSWER_INVALID", `${what} answers ${status}${hint}`);
  }
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(body);
  } catch (cause) {
    throw new CliError("SITE_ANSWER_INVALID", `${what} answers what is no text`, { cause });
  }
}
