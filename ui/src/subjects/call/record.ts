/** The recording of the call on the line: what it is, and what can be done about it. */
import type { RecordingState } from "$ipc/bindings";
import type { PauseReason } from "$ipc/bindings";
import type { Steer } from "$ipc/port";
import { contactOnLine } from "$shared/contact";
import { act, desk } from "$shared/desk.svelte";

/** What the one control does in a state; nothing where it can do nothing. */
export function stepOf(state: RecordingState | undefined): Steer | null {
  switch (state?.kind) {
    case "on":
      return "pause";
    case "paused":
      return "resume";
    case "on_demand":
      return "start";
    case "off":
    case "announcing":
    case "refused":
    case "failed":
    case undefined:
      return null;
  }
}

/** True for a recording that was begun by hand. */
export const mayStop = (state: RecordingState | undefined) =>
  state?.kind === "on" && state.by_hand === true;

/** One after the other, so that a pause never overtakes the resumption before it. */
let last: Promise<unknown> = Promise.resolve();

function steer(what: Steer, reason: PauseReason) {
  const contact = contactOnLine(desk.view);
  if (contact) last = last.then(() => act((d) => d.recordings.steer(contact.id, what, reason)));
}

const stateNow = () => contactOnLine(desk.view)?.call?.recording;

/** The contact whose recording a sensitive field has paused. */
let pausedByField: string | null = null;

export const record = {
  /** Pauses, resumes or starts, whichever is next. */
  toggle() {
    const what = stepOf(stateNow());
    if (what) steer(what, "asked");
  },
  /** Ends a recording that was begun by hand. */
  stop() {
    if (mayStop(stateNow())) steer("stop", "asked");
  },
  /**
   * Keeps nothing while a field marked `data-sensitive` has the focus, and goes on afterwards.
   * What the agent has paused by hand stays paused.
   */
  follow(focused: Element | null) {
    const contact = contactOnLine(desk.view)?.id ?? null;
    const sensitive = focused?.closest("[data-sensitive]") != null;
    if (sensitive && stateNow()?.kind === "on") {
      pausedByField = contact;
      steer("pause", "sensitive_field");
    } else if (!sensitive && pausedByField !== null) {
      if (pausedByField === contact) steer("resume", "sensitive_field");
      pausedByField = null;
    }
  },
};
