/** Times for a call-back, as people choose them. */

const HOUR_MS = 3_600_000;
const two = (n: number) => String(n).padStart(2, "0");

/** What a field of date and time shows for a moment, in local time. */
export function fieldOf(at: number): string {
  const d = new Date(at);
  const date = `${d.getFullYear()}-${two(d.getMonth() + 1)}-${two(d.getDate())}`;
  return `${date}T${two(d.getHours())}:${two(d.getMinutes())}`;
}

/** The moment a field of date and time says; nothing when it says none. */
export function momentOf(field: string): number | null {
  const at = new Date(field).getTime();
  return Number.isFinite(at) ? at : null;
}

/** The choices at hand: in an hour, at the end of the day, tomorrow morning. */
export function quick(now: number): { id: "hour" | "evening" | "tomorrow"; at: number }[] {
  const evening = new Date(now);
  evening.setHours(17, 30, 0, 0);
  const tomorrow = new Date(now);
  tomorrow.setDate(tomorrow.getDate() + 1);
  tomorrow.setHours(9, 30, 0, 0);
  const minute = 60_000;
  const hour = Math.ceil((now + HOUR_MS) / (5 * minute)) * 5 * minute;
  return [
    { id: "hour" as const, at: hour },
    ...(evening.getTime() > hour ? [{ id: "evening" as const, at: evening.getTime() }] : []),
    { id: "tomorrow" as const, at: tomorrow.getTime() },
  ];
}
