// Looks at every view of the simulated desk in a real browser, under the shell's content policy.
//   node scripts/look.mjs --axe            fails on serious faults of accessibility
//   node scripts/look.mjs --screenshots    writes target/screenshots/ui
//   node scripts/look.mjs --all            every language with every theme, not each once
//   … [name]                               only scenes whose name contains it
import { mkdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { openMock } from "./mock.mjs";
import { scenes } from "./scenes.mjs";

const at = (path) => fileURLToPath(new URL(path, import.meta.url));
const axe = process.argv.includes("--axe");
const screenshots = process.argv.includes("--screenshots");
const only = process.argv.slice(2).find((arg) => !arg.startsWith("--")) ?? "";
const pictures = at("../../target/screenshots/ui");
const { browser, port, close } = await openMock();
mkdirSync(pictures, { recursive: true });
const rules = readFileSync(at("../node_modules/axe-core/axe.min.js"), "utf8");

let faults = 0;
function fault(where, what) {
  faults += 1;
  console.error(`${where}: ${what}`);
}

/** One scene in one language and theme. */
async function look(scene, lang, theme) {
  const where = `${scene.name}-${lang}-${theme}`;
  const page = await browser.newPage({ viewport: scene.size ?? { width: 1280, height: 800 } });
  page.setDefaultTimeout(15_000);
  page.on("pageerror", (error) => fault(where, error.message));
  page.on("console", (message) => {
    if (message.type() === "error") fault(where, message.text());
  });
  const query = new URLSearchParams({ mock: scene.mock, lang, theme });
  try {
    await page.goto(`http://127.0.0.1:${port}/${scene.page ?? "index.html"}?${query}`);
    await page.waitForFunction(() => document.querySelector("#root")?.firstElementChild);
    await scene.act?.(page);
    await page.evaluate(settle);
    await page.waitForTimeout(150);
    const overflow = await page.evaluate(
      () => document.documentElement.scrollWidth - window.innerWidth,
    );
    const hidden = await page.evaluate(() => {
      const card = document.querySelector('[data-testid="ring-card"]')?.getBoundingClientRect();
      return card ? Math.round(card.bottom - window.innerHeight) : 0;
    });
    if (hidden > 0) fault(where, `the card of the call is cut off by ${hidden} px`);
    if (overflow > 0) fault(where, `wider than the window by ${overflow} px`);
    if (screenshots) await page.screenshot({ path: `${pictures}/${where}.png` });
    if (axe) await judge(page, where);
  } catch (error) {
    fault(where, error.message);
    await page.screenshot({ path: `${pictures}/${where}-failed.png` });
  }
  await page.close();
}

/** In the page: fonts are there and what moves once has moved. */
async function settle() {
  await document.fonts.ready;
  const once = document
    .getAnimations()
    .filter((animation) => animation.effect?.getTiming().iterations === 1);
  await Promise.all(once.map((animation) => animation.finished.catch(() => {})));
}

async function judge(page, where) {
  // The rules come through the browser's debugger, which the page's policy does not bind;
  // the policy stays in force for everything the page itself does.
  await page.evaluate(rules);
  const { violations } = await page.evaluate(() =>
    // What passes is not read, and describing it takes most of the time.
    window.axe.run({ resultTypes: ["violations"] }),
  );
  for (const { id, impact, help, nodes } of violations) {
    if (impact !== "serious" && impact !== "critical") continue;
    const examples = nodes.slice(0, 3).map((node) => {
      const why = [...node.any, ...node.all, ...node.none][0]?.message ?? "";
      return `\n    ${node.html.slice(0, 200)} ${why}`;
    });
    fault(where, `${impact} ${id}: ${help}${examples.join("")}`);
  }
}

// Texts come with the language and colours with the theme: each is seen once, not each with each.
const looks = process.argv.includes("--all")
  ? ["light", "dark"].flatMap((theme) => ["zh", "en"].map((lang) => [lang, theme]))
  : [
      ["zh", "light"],
      ["en", "dark"],
    ];
const todo = looks.flatMap(([lang, theme]) =>
  scenes.filter((scene) => scene.name.includes(only)).map((scene) => [scene, lang, theme]),
);
const seen = todo.length;
const AT_ONCE = 4;
await Promise.all(
  Array.from({ length: AT_ONCE }, async () => {
    for (let next = todo.shift(); next; next = todo.shift()) await look(...next);
  }),
);
await close();
console.log(
  `${seen} views looked at, ${faults} faults${screenshots ? `, pictures in ${pictures}` : ""}`,
);
process.exit(faults > 0 ? 1 : 0);
