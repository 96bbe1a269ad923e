// Builds the window with the simulated desk, serves it under the shell's policy, opens a browser.
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import { build, preview } from "vite";

const at = (path) => fileURLToPath(new URL(path, import.meta.url));
const outDir = at("../../target/ui-mock");

/** Serves the simulated window on a free port. */
export async function serveMock() {
  await build({
    root: at(".."),
    mode: "mock",
    logLevel: "error",
    build: { outDir, emptyOutDir: true },
  });
  const server = await preview({
    root: at(".."),
    logLevel: "warn",
    build: { outDir },
    preview: { host: "127.0.0.1", port: 0 },
  });
  return { port: server.httpServer.address().port, stop: () => server.close() };
}

/** The served window and a Chromium to look at it with. */
export async function openMock() {
  const executablePath = [process.env.CHROMIUM, "/usr/bin/chromium", "/usr/bin/google-chrome"].find(
    (path) => path && existsSync(path),
  );
  if (!executablePath) {
    console.error("no Chromium found; install it or name it in CHROMIUM");
    process.exit(1);
  }
  const { port, stop } = await serveMock();
  const browser = await chromium.launch({
    executablePath,
    args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
  });
  const close = async () => {
    await browser.close();
    await stop();
  };
  return { browser, port, close };
}
