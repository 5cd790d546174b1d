// A client set up in an empty home folder by nothing but its recipe: `weirgate connect` writes the files, `--print --json` names the rest.
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";

import { HERE, finish, required, temporaryFolder } from "./process.mjs";

/** @returns `{home, work, env, shell: [text], program?}`: where it is set up, and what the recipe has a person type. */
export async function follow(id, { origin, key, model, more = "" }) {
  const home = temporaryFolder(`home-${id}`);
  const work = path.join(home, "work");
  mkdirSync(work);
  const run = (more) =>
    finish(`connect-${id}`, required("WEIRGATE_BIN"), ["connect", id, "--api-url", origin, "--model", model, ...more], {
      env: { HOME: home, WEIRGATE_API_KEY: key },
      cwd: work,
    });
  const printed = JSON.parse(await run(["--print", "--json"]));
  await run([]);
  const steps = (kind) => printed.steps.filter((step) => step[kind]).map((step) => step[kind]);
  const program = steps("program")[0];
  if (program) writeFileSync(path.join(work, program.name), program.text + more);
  // What `npm install` would bring.
  symlinkSync(path.join(HERE, "node_modules"), path.join(work, "node_modules"));
  return {
    home,
    work,
    name: printed.name,
    path: printed.path,
    env: { HOME: home, ...Object.assign({}, ...steps("variables")) },
    shell: steps("shell"),
    program: program && path.join(work, program.name),
  };
}
