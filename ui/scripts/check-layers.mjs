// views → subjects → shared → ipc, and subjects do not know each other. Fails on any other import.
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const src = fileURLToPath(new URL("../src", import.meta.url));
const layers = ["ipc", "shared", "subjects", "views"];
const faults = [];

for (const entry of readdirSync(src, { recursive: true, withFileTypes: true })) {
  const file = join(entry.parentPath, entry.name);
  const from = relative(src, file).split("/");
  if (!/\.(ts|svelte)$/.test(file) || file.endsWith(".test.ts") || !layers.includes(from[0]))
    continue;
  for (const [, path] of readFileSync(file, "utf8").matchAll(
    /(?:from|import)\s*\(?["']([^"']+)["']/g,
  )) {
    const target = path.startsWith("$")
      ? path.slice(1)
      : path.startsWith(".")
        ? relative(src, resolve(dirname(file), path))
        : null;
    if (target === null) {
      const tauri = path.startsWith("@tauri-apps/");
      if (tauri && from[0] !== "ipc")
        faults.push(`${from.join("/")}: only ipc speaks to the shell (${path})`);
      continue;
    }
    const to = target.split("/");
    if (!layers.includes(to[0])) continue;
    const upward = layers.indexOf(to[0]) > layers.indexOf(from[0]);
    const sideways = from[0] === "subjects" && to[0] === "subjects" && from[1] !== to[1];
    const mock = to[1]?.startsWith("mock") && from[0] !== "ipc";
    if (upward || sideways || mock) faults.push(`${from.join("/")} must not import ${path}`);
  }
}

for (const fault of faults) console.error(fault);
process.exit(faults.length > 0 ? 1 : 0);
