/** Groups a timeline by days. */
import type { TimelineEntry } from "$ipc/bindings";

/** When an entry happened. */
export function timeOf(entry: TimelineEntry): number {
  switch (entry.kind) {
    case "contact":
      return entry.contact.created;
    case "ticket":
      return entry.ticket.created;
    case "comment":
      return entry.at;
  }
}

/** The entries by local day, the latest first, without the contact that is live. */
export function byDay(
  entries: readonly TimelineEntry[],
  live?: string,
): { at: number; entries: TimelineEntry[] }[] {
  const days: { at: number; entries: TimelineEntry[] }[] = [];
  const sorted = entries
    .filter((entry) => entry.kind !== "contact" || entry.contact.id !== live)
    .sort((a, b) => timeOf(b) - timeOf(a));
  for (const entry of sorted) {
    const at = timeOf(entry);
    const last = days.at(-1);
    if (last && new Date(last.at).toDateString() === new Date(at).toDateString()) {
      last.entries.push(entry);
    } else {
      days.push({ at, entries: [entry] });
    }
  }
  return days;
}
