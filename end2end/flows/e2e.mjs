// The main job in a real browser: sign up, make a key, see it once, call with it, see the call, revoke, be refused. Once with JavaScript,
// once without, on the development build; and the release binary alone in an empty folder, when WEIRGATE_RELEASE_BIN names one.
import { startFake } from "../lib/fake.mjs";
import { Report } from "../lib/report.mjs";
import { fakeProviders, startWeirgate } from "../lib/weirgate.mjs";
import { admin } from "./e2e/admin.mjs";
import { alone } from "./e2e/alone.mjs";
import { connect } from "./e2e/connect.mjs";
import { factors } from "./e2e/factors.mjs";
import { identities } from "./e2e/identities.mjs";
import { log } from "./e2e/log.mjs";
import { looks } from "./e2e/looks.mjs";
import { mail, smtp } from "./e2e/mail.mjs";
import { mainJob } from "./e2e/main_job.mjs";
import { organizations } from "./e2e/organizations.mjs";
import { playground } from "./e2e/playground.mjs";
import { policy } from "./e2e/policy.mjs";
import { profile } from "./e2e/profile.mjs";

export async function run() {
  const report = new Report();
  const fake = await startFake();
  const weirgate = await startWeirgate({ name: "weirgate-e2e", providers: fakeProviders(fake) });
  for (const javaScript of [true, false]) {
    const what = javaScript ? "with JavaScript" : "without JavaScript";
    await report.step(`the main job, ${what}`, () => mainJob(report, weirgate.origin, { javaScript }));
    await report.step(`connecting clients, ${what}`, () => connect(report, weirgate.origin, { javaScript }));
    await report.step(`one's own account, ${what}`, () => profile(report, weirgate.origin, { javaScript }));
    await report.step(`links, passwords and addresses by mail, ${what}`, () => mail(report, weirgate.origin, { javaScript }));
    await report.step(`looks and settings, ${what}`, () => looks(report, weirgate.origin, { javaScript }));
  }
  await report.step("letters arrive over SMTP", () => smtp(report));
  await report.step("second factors", () => factors(report));
  await report.step("organizations", () => organizations(report, fake));
  await report.step("the playground", () => playground(report, fake));
  await report.step("administration", () => admin(report, fake));
  await report.step("the log", () => log(report, fake));
  await report.step("what browsers are told to refuse", () => policy(report, weirgate.origin));
  await report.step("SIGTERM ends it properly", async () => report.equal((await weirgate.stop()).code, 0, "exit code"));
  await report.step("identities elsewhere", () => identities(report));
  if (process.env.WEIRGATE_RELEASE_BIN) await report.step("the release binary alone", () => alone(report));
  else console.log("– the release binary alone left out: WEIRGATE_RELEASE_BIN is not set");
  return report.end("e2e");
}
