/** What is said when a call changes. */
import type { Call } from "$ipc/bindings";
import { m } from "$texts";

/** The words for the change from one view to the next; nothing when nothing worth saying did. */
export function announce(before: Call | null, now: Call | null): string {
  const who = (call: Call) => call.name ?? call.number.display;
  if (!now) return before ? m.say_ended() : "";
  if (before?.state !== now.state) {
    switch (now.state) {
      case "ringing":
        return m.say_ringing({ who: who(now) });
      case "connecting":
        return "";
      case "dialing":
        return m.say_dialing({ who: who(now) });
      case "active":
        return before?.state === "held" ? m.say_resumed() : m.say_connected({ who: who(now) });
      case "held":
        return m.say_held();
      case "reconnecting":
        return m.say_reconnecting();
    }
  }
  if (before && before.muted !== now.muted) return now.muted ? m.say_muted() : m.say_unmuted();
  return "";
}
