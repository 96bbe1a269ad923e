// Times the frames of the board while 200 agents change every 500 ms, scrolling and sorting.
// Prints the figures; fails when rows move by themselves, and warns of a stutter.
import { openMock } from "./mock.mjs";

const SECONDS = 8;
/** A frame longer than this is a stutter, ms. */
const STUTTER_MS = 100;

const { browser, port, close } = await openMock();
const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
await page.goto(`http://127.0.0.1:${port}/?mock=board-200&lang=zh`);
await page.click('[data-testid="view-board"]');
await page.waitForSelector('[data-testid="board-agents"][data-count="200"]');
await page.evaluate(() => {
  const seen = { frames: [], tasks: [], shift: 0 };
  globalThis.seen = seen;
  let last = performance.now();
  const frame = (now) => {
    seen.frames.push(now - last);
    last = now;
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
  new PerformanceObserver((list) => {
    for (const task of list.getEntries()) seen.tasks.push(task.duration);
  }).observe({ type: "longtask" });
  new PerformanceObserver((list) => {
    for (const shift of list.getEntries()) if (!shift.hadRecentInput) seen.shift += shift.value;
  }).observe({ type: "layout-shift" });
});
const end = Date.now() + SECONDS * 1000;
const keys = ["name", "since", "quality", "state"];
await page.mouse.move(600, 500);
for (let n = 0; Date.now() < end; n += 1) {
  await page.mouse.wheel(0, n % 12 < 6 ? 300 : -300);
  await page.waitForTimeout(100);
  if (n % 10 === 9)
    await page.click(`[data-testid="sort-${keys[Math.floor(n / 10) % keys.length]}"]`);
  if (n % 10 === 9) await page.mouse.move(600, 500);
}
const { frames, tasks, shift } = await page.evaluate(() => globalThis.seen);
await close();
const sorted = frames.slice(1).sort((a, b) => a - b);
const at = (share) => sorted[Math.floor(share * (sorted.length - 1))].toFixed(1);
const longest = Math.max(0, ...tasks);
console.log(
  `200 agents, a change every 500 ms, ${sorted.length} frames in ${SECONDS} s: ` +
    `median ${at(0.5)} ms, 95 % ${at(0.95)} ms, 99 % ${at(0.99)} ms, longest ${at(1)} ms; ` +
    `longest task ${longest.toFixed(0)} ms; layout shift ${shift.toFixed(4)}`,
);
if (shift > 0.01) throw new Error("rows moved by themselves");
if (longest > STUTTER_MS)
  console.warn(`a task of ${longest.toFixed(0)} ms: on an idle machine this is a fault`);
