import { fileURLToPath } from "node:url";
import { svelte } from "@sveltejs/vite-plugin-svelte";
import tailwindcss from "@tailwindcss/vite";
import { defineConfig } from "vitest/config";

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** The shell's policy without its own transport, so that a look at the mock proves the window keeps it. */
const policy =
  "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; frame-src 'none'; object-src 'none'";

export default defineConfig({
  plugins: [tailwindcss(), svelte()],
  resolve: {
    alias: {
      $shared: at("src/shared"),
      $subjects: at("src/subjects"),
      $ipc: at("src/ipc"),
      $texts: at("src/paraglide/messages.js"),
    },
  },
  build: {
    target: ["es2022", "safari17", "chrome120"],
    // A font or icon inside the style sheet would need `data:` in the policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rollupOptions: { input: { index: at("index.html"), card: at("card.html") } },
  },
  preview: { headers: { "content-security-policy": policy } },
  test: { include: ["src/**/*.test.ts"] },
});
