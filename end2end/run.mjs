// `node run.mjs e2e|clients|kill|crowd`: runs one of the flows against a Weirgate of its own; exit code 0 when every fact held.
import { cleanUp, panics } from "./lib/process.mjs";

const FLOWS = { clients: "./flows/clients.mjs", e2e: "./flows/e2e.mjs", kill: "./flows/kill.mjs", crowd: "./flows/crowd.mjs" };
const name = process.argv[2];
if (!Object.hasOwn(FLOWS, name)) {
  console.error(`usage: node run.mjs ${Object.keys(FLOWS).join("|")}`);
  process.exit(2);
}
let code = 1;
try {
  const { run } = await import(FLOWS[name]);
  code = await run(process.argv.slice(3));
} catch (error) {
  console.error(error);
} finally {
  await cleanUp();
}
for (const panic of panics) console.error(`✗ panic in ${panic}`);
process.exit(panics.length > 0 ? 1 : code);
