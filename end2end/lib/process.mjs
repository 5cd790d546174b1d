// Child processes of a run: started with an environment of their own, their output kept as artefacts, ended by process id.
import { spawn } from "node:child_process";
import { closeSync, createWriteStream, mkdirSync, mkdtempSync, openSync, readSync, rmSync } from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

export const HERE = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
export const ARTEFACTS = path.resolve(process.env.WEIRGATE_E2E_ARTEFACTS ?? path.join(HERE, "artefacts"));

/** What programs under test said when they panicked: no flow has passed in which one did. */
export const panics = [];

const running = new Set();
const folders = new Set();

/** What a child inherits: nothing that could send its calls elsewhere (proxies) or configure it (WEIRGATE_*, *_API_KEY). */
export function cleanEnvironment(extra = {}) {
  const kept = {};
  for (const name of ["PATH", "LANG", "TZ", "LD_LIBRARY_PATH"]) if (process.env[name]) kept[name] = process.env[name];
  return { ...kept, ...extra };
}

export function temporaryFolder(name) {
  const folder = mkdtempSync(path.join(tmpdir(), `weirgate-${name}-`));
  folders.add(folder);
  return folder;
}

export function artefact(name) {
  mkdirSync(ARTEFACTS, { recursive: true });
  return path.join(ARTEFACTS, name);
}

export function required(name) {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set; run this through \`cargo xtask test\``);
  return value;
}

/** A port nobody listens on. Another process may take it first; whoever uses it finds out at once. */
export async function freePort() {
  const server = net.createServer();
  await new Promise((resolve, reject) => server.listen(0, "127.0.0.1", resolve).on("error", reject));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/**
 * Starts a program whose output goes to an artefact. `child.exited` resolves with `{code, signal}`; `child.firstLine` with its first line.
 * `quiet` lets it write there by itself: for measurements, in which nobody shall be woken by its log.
 */
export function start(name, command, args, { env = {}, cwd, stdin, quiet = false } = {}) {
  if (quiet) return startQuietly(name, command, args, { env, cwd });
  const child = spawn(command, args, { env: cleanEnvironment(env), cwd, stdio: [stdin === undefined ? "ignore" : "pipe", "pipe", "pipe"] });
  const log = createWriteStream(artefact(`${name}.log`), { flags: "a" });
  child.tail = "";
  child.output = "";
  child.name = name;
  const keep = (chunk) => {
    log.write(chunk);
    notePanic(name, child.tail.slice(-200), chunk);
    child.tail = (child.tail + chunk).slice(-4000);
  };
  child.stdout.setEncoding("utf8").on("data", keep).on("data", (chunk) => (child.output += chunk));
  child.stderr.setEncoding("utf8").on("data", keep);
  if (stdin !== undefined) child.stdin.end(stdin);
  running.add(child);
  child.exited = new Promise((resolve) => {
    child.on("error", (error) => {
      child.tail += `\n${error}`;
      running.delete(child);
      resolve({ code: null, signal: null, error });
    });
    child.on("close", (code, signal) => {
      running.delete(child);
      log.end();
      resolve({ code, signal });
    });
  });
  child.firstLine = new Promise((resolve, reject) => {
    child.stdout.on("data", () => {
      if (child.output.includes("\n")) resolve(child.output.split("\n", 1)[0].trim());
    });
    child.exited.then(() => reject(new Error(`${name} ended before it said anything:\n${child.tail}`)));
  });
  child.firstLine.catch(() => {});
  return child;
}

function notePanic(name, before, chunk) {
  const text = before + chunk;
  const at = text.indexOf("panicked at", Math.max(0, before.length - "panicked at".length + 1));
  if (at >= 0 && panics.length < 20) panics.push(`${name}: ${text.slice(at, at + 300)}`);
}

function startQuietly(name, command, args, { env, cwd }) {
  const log = artefact(`${name}.log`);
  const file = openSync(log, "w");
  const child = spawn(command, args, { env: cleanEnvironment(env), cwd, stdio: ["ignore", file, file] });
  closeSync(file);
  child.name = name;
  child.tail = `its output is in ${log}`;
  running.add(child);
  child.exited = new Promise((resolve) => {
    const ended = (result) => {
      running.delete(child);
      const beginning = Buffer.alloc(16 << 20);
      const written = openSync(log, "r");
      notePanic(name, "", beginning.toString("latin1", 0, readSync(written, beginning)));
      closeSync(written);
      resolve(result);
    };
    child.on("error", (error) => ended({ code: null, signal: null, error }));
    child.on("close", (code, signal) => ended({ code, signal }));
  });
  return child;
}

/** Runs a program to its end and gives back what it printed; anything but exit 0 is an error. */
export async function finish(name, command, args, options) {
  const child = start(name, command, args, options);
  const { code, signal } = await child.exited;
  if (code !== 0) throw new Error(`${name} ended with ${signal ?? code}:\n${child.tail}`);
  return child.output;
}

export async function stop(child, { signal = "SIGTERM", limit = 40_000 } = {}) {
  if (child.exitCode !== null || child.signalCode !== null) return child.exited;
  child.kill(signal);
  const late = setTimeout(() => child.kill("SIGKILL"), limit);
  const ended = await child.exited;
  clearTimeout(late);
  return ended;
}

/** Looks again and again until `look` gives something truthy; errors count as "not yet". */
export async function until(what, look, { limit = 20_000, every = 50, child } = {}) {
  const end = Date.now() + limit;
  let last;
  for (;;) {
    try {
      const seen = await look();
      if (seen) return seen;
    } catch (error) {
      last = error;
    }
    if (child && (child.exitCode !== null || child.signalCode !== null)) {
      throw new Error(`${child.name} ended while waiting for ${what}:\n${child.tail}`);
    }
    if (Date.now() > end) throw new Error(`waited ${limit} ms for ${what} in vain${last ? `: ${last}` : ""}${child ? `\n${child.tail}` : ""}`);
    await new Promise((resolve) => setTimeout(resolve, every));
  }
}

/** Ends what is still running and removes temporary folders. */
export async function cleanUp() {
  await Promise.all([...running].map((child) => stop(child, { limit: 5000 })));
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  folders.clear();
}

process.on("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => process.exit(130));
