/** Where an update of the program stands, in words. */
import type { UpdateState } from "$ipc/bindings";
import { codeText } from "$shared/texts/failure";
import { m } from "$texts";

/** What is known of newer versions, and what follows. */
export function updateText(state: UpdateState): string {
  switch (state.kind) {
    case "keyless":
      return m.update_keyless();
    case "off":
      return m.update_off();
    case "current":
      return state.asked ? m.update_current() : m.update_unasked();
    case "checking":
      return m.update_checking();
    case "downloading":
      return m.update_downloading({ version: state.version, percent: state.percent });
    case "told":
      return m.update_told({ version: state.version });
    case "ready":
      if (state.agreed === "now") return m.update_agreed_now({ version: state.version });
      if (state.agreed === "on_quit") return m.update_agreed_on_quit({ version: state.version });
      return m.update_ready({ version: state.version });
    case "installing":
      return m.update_installing({ version: state.version });
    case "failed":
      return m.update_failed({ reason: codeText(state.code) });
  }
}

/** Whether the centre can be asked now. */
export function mayAsk(state: UpdateState): boolean {
  return ["current", "told", "failed"].includes(state.kind);
}
