/** What is said when a call changes. */
import type { Call, LiveCall } from "$ipc/bindings";
import { partyStateText, recordingStateText, watchModeText } from "$shared/texts/words";
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

/** The words for what changed around a call: who takes part, who listens, what is recorded. */
export function announceAround(before: LiveCall | null, now: LiveCall | null): string {
  if (!before || !now) return "";
  const words: string[] = [];
  for (const party of now.parties) {
    const was = before.parties.find((each) => each.id === party.id);
    const who = party.name ?? party.number?.display ?? m.party_unknown();
    if (was?.state !== party.state)
      words.push(m.say_party({ who, state: partyStateText(party.state) }));
  }
  for (const watcher of now.watchers) {
    const was = before.watchers.find((each) => each.supervisor === watcher.supervisor);
    if (was?.mode !== watcher.mode)
      words.push(m.watched_by({ name: watcher.name, mode: watchModeText(watcher.mode) }));
  }
  if (before.watchers.length > 0 && now.watchers.length === 0) words.push(m.say_unwatched());
  if (before.recording.kind !== now.recording.kind) words.push(recordingStateText(now.recording));
  const answered = now.help?.answered_by;
  if (answered && before.help?.answered_by !== answered)
    words.push(m.help_answered({ name: answered }));
  return words.join(m.say_pause());
}
