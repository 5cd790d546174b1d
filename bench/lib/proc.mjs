// A process's own accounting, as Linux keeps it under /proc.
import { execFileSync } from "node:child_process";
import { readFileSync, readdirSync } from "node:fs";

const TICKS = Number(execFileSync("getconf", ["CLK_TCK"], { encoding: "utf8" }));

/** User and system time of these processes so far, all their threads, in microseconds. */
export function cpuMicros(pids) {
  let ticks = 0;
  for (const pid of pids) {
    // The name may hold spaces and brackets; the numbers come after its last bracket.
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1).split(" ");
    ticks += Number(fields[11]) + Number(fields[12]);
  }
  return (ticks / TICKS) * 1e6;
}

/** Resident memory of these processes, in MiB. */
export function rss(pids) {
  let kib = 0;
  for (const pid of pids) kib += Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))[1]);
  return kib / 1024;
}

/** A process and its children. */
export function family(pid) {
  const children = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => {
      try {
        return readFileSync(`/proc/${name}/stat`, "utf8").split(") ").at(-1).split(" ")[1] === String(pid);
      } catch {
        return false; // gone meanwhile
      }
    });
  return [pid, ...children.map(Number)];
}

/** How many files a process of ours may have open. Node has raised the soft limit to the hard one, and its children inherit that. */
export function fileLimit() {
  const limit = /^Max open files\s+(\S+)/m.exec(readFileSync("/proc/self/limits", "utf8"))[1];
  return limit === "unlimited" ? Infinity : Number(limit);
}

/** Waits until these processes do next to nothing for a second. */
export async function quiet(pids, limit = 300_000) {
  const end = Date.now() + limit;
  for (;;) {
    const before = cpuMicros(pids);
    await new Promise((resolve) => setTimeout(resolve, 1000));
    if (cpuMicros(pids) - before < 20_000) return;
    if (Date.now() > end) throw new Error(`still at work after ${limit / 1000} s`);
  }
}
