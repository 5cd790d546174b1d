// Load for a server that serves tens of calls a second. wrk would drop its connections in the middle of their last calls, which is noise where there are ten
// thousand calls and a wrong price where there are two hundred: here each connection's last call is waited for, and counts.
import { cpuMicros } from "./proc.mjs";
import { connect } from "./raw.mjs";
import { quantiles } from "./stage.mjs";

/** The same figures as wrk's, of calls that begin within `seconds`; `cpu` in microseconds a call. */
export async function steady({ url, token, body, connections: count, seconds, pids }) {
  const connections = await connect(count, { url, token, body });
  try {
    await during(connections, 1000);
    const before = cpuMicros(pids);
    const began = performance.now();
    const times = await during(connections, seconds * 1000);
    const took = (performance.now() - began) / 1000;
    const at = quantiles(times);
    return { requests: times.length, rate: times.length / took, p50: at(0.5), p99: at(0.99), cpu: (cpuMicros(pids) - before) / times.length };
  } finally {
    for (const connection of connections) connection.close();
  }
}

async function during(connections, milliseconds) {
  const times = [];
  const ends = performance.now() + milliseconds;
  const one = async (connection) => {
    do {
      const call = await new Promise((done, failed) => connection.ask({ done, failed }));
      times.push(call.ended - call.began);
    } while (performance.now() < ends);
  };
  await Promise.all(connections.map(one));
  return times;
}
