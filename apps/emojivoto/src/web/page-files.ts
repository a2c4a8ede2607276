/** The files of the page by path inside the image, for example `index.html` or `assets/index-4f2a.js`. */
export type Assets = ReadonlyMap<string, Uint8Array>;

/** One file as it is sent. */
interface PageFile {
  readonly bytes: Uint8Array;
  readonly type: string;
  readonly cacheControl: string;
  /** Name under which browsers save the file instead of showing it. */
  readonly download?: string;
}

/** The page by request path. */
export interface PageFiles {
  /** The shell: the path of each view, and with status 404 every unknown path. */
  readonly shell: PageFile;
  /** Undefined when the page has no such file. */
  find(path: string): PageFile | undefined;
}

const TYPES: Readonly<Record<string, string>> = {
  html: "text/html; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  css: "text/css; charset=utf-8",
  svg: "image/svg+xml",
  ico: "image/x-icon",
  png: "image/png",
};

/** Paths of the page's views, beside `/`. */
const VIEWS = ["/leaderboard", "/verify"] as const;

/**
 * The static verifier: saved, never shown from here, since the site that is to be verified is the wrong
 * place to run it from, and this site's policy would not let it run.
 */
const STATIC_VERIFIER = "verify.html";

/** Files under it have the digest of their bytes in their names. */
const HASHED = "assets/";

/** Arranges assets for serving. Throws a `TypeError` when there is no `index.html`. */
export function createPageFiles(assets: Assets): PageFiles {
  const files = new Map<string, PageFile>();
  for (const [path, bytes] of assets) files.set(`/${path}`, fileOf(path, bytes));
  const shell = files.get("/index.html");
  if (shell === undefined) throw new TypeError("the page has no index.html");
  files.set("/", shell);
  for (const view of VIEWS) files.set(view, shell);
  return { shell, find: (path) => files.get(path) };
}

function fileOf(path: string, bytes: Uint8Array): PageFile {
  const extension = path.slice(path.lastIndexOf(".") + 1);
  return {
    bytes,
    type: TYPES[extension] ?? "application/octet-stream",
    cacheControl: path.startsWith(HASHED) ? "public, max-age=31536000, immutable" : "no-cache",
    ...(path === STATIC_VERIFIER ? { download: path } : {}),
  };
}
