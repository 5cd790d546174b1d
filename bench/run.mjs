// `node bench/run.mjs [--seconds N] [--only proxy,first-byte,slow-streams,translation,account,house,size]`: Weirgate's release build beside nginx as a plain
// proxy and LiteLLM in the same run, in front of the same bare upstream, over loopback; then the pages and the account API with a full ledger, and pages with ten
// thousand people. Prints PASS or MISS for each mark, and exits with 1 on a miss.
import { parseArgs } from "node:util";

import { cleanUp, panics } from "../end2end/lib/process.mjs";
import { accountApi } from "./account.mjs";
import { firstByte } from "./first_byte.mjs";
import { house } from "./house.mjs";
import { Marks } from "./lib/marks.mjs";
import { proxies } from "./proxies.mjs";
import { size } from "./size.mjs";
import { slowStreams } from "./slow_streams.mjs";
import { translation } from "./translation.mjs";

const { values } = parseArgs({ options: { seconds: { type: "string" }, only: { type: "string" } } });
const seconds = Number(values.seconds ?? (process.env.WEIRGATE_LONG ? 15 : 4));
const parts = { proxy: proxies, "first-byte": firstByte, "slow-streams": slowStreams, translation, account: accountApi, house, size };
const wanted = values.only?.split(",") ?? Object.keys(parts);
const unknown = wanted.find((name) => !Object.hasOwn(parts, name));
if (unknown !== undefined) {
  console.error(`there is no part ${JSON.stringify(unknown)}; the parts are ${Object.keys(parts).join(", ")}`);
  process.exit(2);
}
const marks = new Marks();
for (const name of wanted) {
  try {
    await parts[name](marks, { seconds });
  } catch (error) {
    console.error(error);
    marks.failed(name, error);
  } finally {
    await cleanUp();
  }
}
for (const panic of panics) marks.failed("no panic", new Error(panic.replaceAll("\n", " ")));
process.exit(marks.print() ? 0 : 1);
