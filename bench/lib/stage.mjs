// A Weirgate as it runs for users (keys, metering, a durable ledger, its log), somebody who calls through it, and their key.
import { Account } from "../../end2end/lib/api.mjs";
import { startWeirgate } from "../../end2end/lib/weirgate.mjs";
import { family } from "./proc.mjs";

export async function startMeasured({ name, providers }) {
  const weirgate = await startWeirgate({
    name,
    binary: process.env.WEIRGATE_RELEASE_BIN || undefined,
    quiet: true,
    env: { APP_ENV: "production" },
    providers,
  });
  const account = await Account.register(weirgate.origin);
  const { key } = await account.createKey("bench");
  return { weirgate, account, key, origin: weirgate.origin, pids: family(weirgate.child.pid) };
}

/** A call in the dialect of Messages or Chat Completions; the two differ in nothing here but in how a stream is asked to tell its usage. */
export function callBody(model, { stream = false, size = 0, chat = false }) {
  const content = size > 0 ? "The level of the water, hour by hour. ".repeat(Math.ceil(size / 38)).slice(0, size) : "How high is the water?";
  const streamed = stream ? { stream, ...(chat ? { stream_options: { include_usage: true } } : {}) } : {};
  return JSON.stringify({ model, ...streamed, max_tokens: 100, messages: [{ role: "user", content }] });
}

/** The middle one of these numbers, and any other share of them. */
export function quantiles(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b);
  return (share) => sorted[Math.floor(share * (sorted.length - 1))];
}

export const median = (numbers) => quantiles(numbers)(0.5);
