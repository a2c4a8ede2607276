import { execFile, spawn } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { chmod, chown, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";

/** Where Debian puts the programs of each version. */
const DEBIAN_ROOT = "/usr/lib/postgresql";
/** Milliseconds for a server to come up on a busy machine. */
const START_TIMEOUT_MS = 30_000;
const POLL_MS = 50;
/** Ends the server when its parent does, however that ends: its standard input closes then. */
const RUN_WITH_PARENT = '"$@" & read -r _; kill -INT $!; wait $!';

/** The folder of PostgreSQL's programs, or undefined where there is none. */
export function findPostgres(
  env: Readonly<Record<string, string | undefined>>,
): string | undefined {
  const debian = existsSync(DEBIAN_ROOT) ? readdirSync(DEBIAN_ROOT) : [];
  const folders = [
    env["CARRARA_POSTGRES_BIN"],
    ...debian.map((version) => join(DEBIAN_ROOT, version, "bin")),
    ...(env["PATH"] ?? "").split(delimiter),
  ];
  return folders.find((folder) => folder !== undefined && existsSync(join(folder, "initdb")));
}

/** What a server presents over TLS, in PEM. */
export interface PostgresTls {
  readonly certificate: string;
  readonly key: string;
}

/** A private PostgreSQL server. */
export interface PostgresServer {
  /** By its unix socket. */
  readonly url: string;
  /** By TCP, where TLS is offered if the server was given a certificate. */
  readonly tcpUrl: string;
  /** Ends it as a crash does and starts it again. */
  crashAndRestart(): Promise<void>;
  /** Runs one statement with the server's own client. */
  query(sql: string): Promise<string>;
  close(): Promise<void>;
}

/** Makes and starts a server from the programs in `bin`, in a temporary directory. */
export async function startPostgres(bin: string, tls?: PostgresTls): Promise<PostgresServer> {
  const dir = await mkdtemp(join(tmpdir(), "carrara-pg-"));
  const user = await unprivilegedUser();
  const run = promisify(execFile);
  const data = join(dir, "data");
  const port = await freePort();
  const owned = async (name: string) => {
    if (user.uid !== undefined && user.gid !== undefined) {
      await chown(join(dir, name), user.uid, user.gid);
    }
  };
  await owned("");
  if (tls !== undefined) {
    await writeFile(join(dir, "tls.crt"), tls.certificate);
    await writeFile(join(dir, "tls.key"), tls.key, { mode: 0o600 });
    for (const name of ["tls.crt", "tls.key"]) await owned(name);
  }
  // Nobody but us reaches the socket; over TCP a password is asked for.
  await writeFile(join(dir, "password"), "carrara-test");
  if (user.uid !== undefined) await chmod(join(dir, "password"), 0o644);
  const initArgs = ["-D", data, "-U", "carrara", "-E", "UTF8", "--no-locale", "--no-sync"];
  const auth = ["--auth-local=trust", "--auth-host=scram-sha-256"];
  const password = `--pwfile=${join(dir, "password")}`;
  await run(join(bin, "initdb"), [...initArgs, ...auth, password], { ...user, cwd: dir });
  const settings = [
    `unix_socket_directories=${dir}`,
    "listen_addresses=127.0.0.1,127.0.0.2",
    `port=${port}`,
    ...(tls === undefined ? [] : tlsSettings(dir)),
    "max_connections=60",
    "shared_buffers=16MB",
  ];
  const args = ["-D", data, ...settings.flatMap((setting) => ["-c", setting])];
  const psql = async (sql: string) => {
    const target = ["-h", dir, "-p", String(port), "-U", "carrara", "postgres"];
    const { stdout } = await run(join(bin, "psql"), [...target, "-Atqc", sql], { cwd: dir });
    return stdout.trim();
  };
  const launch = async () => {
    const command = ["-c", RUN_WITH_PARENT, "sh", join(bin, "postgres"), ...args];
    const child = spawn("sh", command, { ...user, cwd: dir, stdio: ["pipe", "ignore", "ignore"] });
    const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
    await answering(async () => await psql("SELECT 1"));
    return {
      stop: async () => {
        child.stdin.end();
        await ended;
      },
    };
  };
  let running = await launch();
  return {
    url: `postgres://carrara@localhost:${port}/postgres?host=${encodeURIComponent(dir)}`,
    tcpUrl: `postgres://carrara:carrara-test@localhost:${port}/postgres`,
    query: psql,
    crashAndRestart: async () => {
      // Without waiting for its sessions or writing a checkpoint.
      await run(join(bin, "pg_ctl"), ["-D", data, "-m", "immediate", "stop"], {
        ...user,
        cwd: dir,
      });
      await running.stop();
      running = await launch();
    },
    close: async () => {
      await running.stop();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

function tlsSettings(dir: string): string[] {
  const files = [`ssl_cert_file=${join(dir, "tls.crt")}`, `ssl_key_file=${join(dir, "tls.key")}`];
  return ["ssl=on", ...files];
}

async function answering(ask: () => Promise<unknown>): Promise<void> {
  for (const end = Date.now() + START_TIMEOUT_MS; ; ) {
    try {
      await ask();
      return;
    } catch (error) {
      if (Date.now() > end) throw error;
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }
}

/** PostgreSQL refuses to run as root: then it runs as the user of that name, or as nobody. */
async function unprivilegedUser(): Promise<{ uid?: number; gid?: number }> {
  if (process.getuid?.() !== 0) return {};
  const ask = async (option: string, name: string) =>
    Number((await promisify(execFile)("id", [option, name])).stdout);
  for (const name of ["postgres", "nobody"]) {
    try {
      return { uid: await ask("-u", name), gid: await ask("-g", name) };
    } catch {
      // no such user here
    }
  }
  throw new TypeError("no unprivileged user to run postgresql as");
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (typeof address !== "object" || address === null) throw new TypeError("no port");
  return address.port;
}
