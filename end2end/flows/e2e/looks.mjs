// What is remembered (theme, language, sidebar), what nobody asked for (404), and how it all looks at the sizes people have.
import { SIZES, openBrowser, overflow, shoot } from "../../lib/browser.mjs";
import { until } from "../../lib/process.mjs";
import { call, choose, createKey, open, press, ready, signUp } from "./steps.mjs";

const PAGES = { overview: "/", keys: "/keys", connect: "/connect", playground: "/playground", conversations: "/conversations", organizations: "/organizations", settings: "/settings" };

/** The page's paper and ink. */
const colours = (root) => {
  const body = getComputedStyle(root.querySelector("body"));
  return [getComputedStyle(root).backgroundColor, body.backgroundColor, body.color].join(" ");
};

export async function looks(report, origin, { javaScript }) {
  const suffix = javaScript ? "js" : "nojs";
  const browser = await openBrowser({ origin, javaScript });
  const { page } = browser;
  // A page that is not there answers 404, as it should.
  page.expected.push(/404.*\/no\/such\/page|\/no\/such\/page.*404|404 \(Not Found\).*\/no\/such\/page/);
  const background = () => page.locator("html").evaluate(colours);
  try {
    await signUp(page, javaScript);
    await open(page, "/keys", javaScript);
    const key = await createKey(page, "looks");
    for (const model of ["claude-steady", "claude-brief"]) await call(origin, key, { model });

    await report.step("a page that is not there", async () => {
      const response = await open(page, "/no/such/page", javaScript);
      report.equal(response.status(), 404, "status");
      report.fact((await page.locator("a[href='/']").count()) > 0, "it leads home");
      await shoot(page, `not-found-${suffix}`);
    });
    const shown = {};
    await report.step("pictures in light and dark, wide and narrow", async () => {
      for (const theme of ["light", "dark"]) {
        await open(page, "/", javaScript);
        if (theme === "dark") await choose(page, "theme");
        await until("other colours", async () => theme === "light" || (await background()) !== shown.light);
        shown[theme] = await background();
        for (const [size, viewport] of Object.entries(SIZES)) {
          await page.setViewportSize(viewport);
          for (const [name, path] of Object.entries(PAGES)) {
            await open(page, path, javaScript);
            report.equal(await overflow(page), 0, `${name} at ${viewport.width} px: pixels too wide`);
            await shoot(page, `${name}-${size}-${theme}-${suffix}`);
          }
        }
        await page.setViewportSize(SIZES.desktop);
      }
    });
    await report.step("the theme is remembered and does not flash", async () => {
      await open(page, "/", javaScript);
      report.equal(await background(), shown.dark, "colours of a page opened later");
      if (javaScript) {
        // Every frame's background from the first one on.
        await page.addInitScript(`{
          const colours = ${colours};
          window.frames_seen = [];
          const look = () => {
            if (document.body) window.frames_seen.push(colours(document.documentElement));
            if (window.frames_seen.length < 60) requestAnimationFrame(look);
          };
          requestAnimationFrame(look);
        }`);
        await page.reload();
        await ready(page, javaScript);
        const seen = new Set(await page.evaluate(() => window.frames_seen));
        report.equal([...seen], [shown.dark], "colours during the reload");
      } else {
        await page.reload();
        report.equal(await background(), shown.dark, "the colours after the reload");
      }
    });
    await report.step("the sidebar is remembered", async () => {
      await open(page, "/", javaScript);
      const width = () => page.locator("main").evaluate((main) => Math.round(main.getBoundingClientRect().width));
      const before = await width();
      await choose(page, "sidebar-toggle");
      await until("the room to change", async () => Math.abs((await width()) - before) > 40);
      // The room may move for a moment; it has arrived when two looks see the same.
      let collapsed = await width();
      await until("the room to stand still", async () => collapsed === (collapsed = await width()), { every: 150 });
      await page.reload();
      await ready(page, javaScript);
      report.equal(await width(), collapsed, "room for the page after the reload");
      await shoot(page, `sidebar-collapsed-${suffix}`);
    });
    await report.step("the language is remembered", async () => {
      await open(page, "/", javaScript);
      report.equal(await page.locator("html").getAttribute("lang"), "en", "language at first");
      await choose(page, "language");
      await until("Russian", async () => (await page.locator("html").getAttribute("lang")) === "ru");
      await open(page, "/keys", javaScript);
      report.equal(await page.locator("html").getAttribute("lang"), "ru", "language of the next page");
      report.fact(/[а-яё]{3}/i.test(await page.locator("h1").first().innerText()), "the title is in Russian");
      for (const [name, path] of Object.entries(PAGES)) {
        await open(page, path, javaScript);
        await shoot(page, `${name}-russian-${suffix}`);
        await page.setViewportSize(SIZES.narrow);
        report.equal(await overflow(page), 0, `${name} in Russian at 320 px: pixels too wide`);
        await page.setViewportSize(SIZES.desktop);
      }
    });
    if (javaScript) {
      await report.step("the drawer opens on a phone", async () => {
        await page.setViewportSize(SIZES.phone);
        await open(page, "/", javaScript);
        const link = page.locator("nav a[href='/keys']").first();
        await press(page, "sidebar-toggle");
        await until("the drawer", () => link.evaluate((link) => {
          const box = link.getBoundingClientRect();
          return box.width > 0 && box.left >= 0 && box.right <= innerWidth;
        }));
        await shoot(page, "drawer-phone");
        await link.click();
        await page.waitForURL((url) => url.pathname === "/keys");
      });
    }
    report.none(page.complaints, `the pages complain, ${suffix}`);
  } catch (error) {
    await shoot(page, `failed-looks-${suffix}`).catch(() => {});
    throw error;
  } finally {
    await browser.close();
  }
}
