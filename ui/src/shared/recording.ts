/** A paused recording goes on by itself; the agent is warned before. */
import type { RecordingState } from "$ipc/bindings";

/** How long before, ms. */
const WARNING_MS = 15_000;

/** True once a pause is about to end. */
export function resumesSoon(recording: RecordingState | undefined, now: number): boolean {
  return recording?.kind === "paused" && recording.until - now <= WARNING_MS;
}
