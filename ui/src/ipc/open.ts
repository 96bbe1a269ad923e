/** Opens the port: the real desk inside the shell, the simulated one in a plain browser. */
import type { Desk } from "./port";

export async function openDesk(): Promise<Desk> {
  // Both conditions are constants of the build; a release contains nothing of the mock.
  if (import.meta.env.MODE === "mock" || import.meta.env.DEV) {
    if (!("__TAURI_INTERNALS__" in globalThis)) {
      const { mockDesk } = await import("./mock");
      return mockDesk(new URLSearchParams(location.search));
    }
  }
  const { tauriDesk } = await import("./tauri");
  return tauriDesk();
}
