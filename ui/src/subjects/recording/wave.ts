/** The waveform's arithmetic: pixels, times, peaks. */
import type { Marker, Recording } from "$ipc/bindings";

/** Shortest and longest piece that is fetched at once, ms: the first is short, to begin soon. */
const FIRST_MS = { least: 6_000, most: 20_000 };
const LATER_MS = { least: 30_000, most: 60_000 };

/** The loudest peak behind each of `columns` pixels, 0 to 1. */
export function columnsOf(peaks: readonly number[], columns: number): number[] {
  return Array.from({ length: columns }, (_, n) => {
    const from = Math.floor((n * peaks.length) / columns);
    const to = Math.max(from + 1, Math.floor(((n + 1) * peaks.length) / columns));
    let loudest = 0;
    for (let at = from; at < to && at < peaks.length; at += 1)
      loudest = Math.max(loudest, peaks[at] ?? 0);
    return loudest / 255;
  });
}

/** The stretches of which nothing was kept. */
export function gapsOf(markers: readonly Marker[], end_ms: number): { from: number; to: number }[] {
  return stretches(markers, end_ms, "paused", "resumed");
}

function stretches(
  markers: readonly Marker[],
  end_ms: number,
  begins: Marker["mark"]["kind"],
  ends: Marker["mark"]["kind"],
): { from: number; to: number }[] {
  const found: { from: number; to: number }[] = [];
  let from: number | null = null;
  for (const { at_ms, mark } of markers) {
    if (mark.kind === begins) from ??= at_ms;
    else if (mark.kind === ends && from !== null) {
      found.push({ from, to: at_ms });
      from = null;
    }
  }
  return from === null ? found : [...found, { from, to: end_ms }];
}

/** A time within the recording. */
export const within = (ms: number, end_ms: number) => Math.max(0, Math.min(end_ms, ms));

/** Where a piece that begins at `from` ends: where both sides are stillest, or with the recording. */
export function pieceEnd(recording: Recording, from: number, first: boolean): number {
  const { least, most } = first ? FIRST_MS : LATER_MS;
  const { customer_peaks, agent_peaks, peak_ms, summary } = recording;
  if (from + most >= summary.duration_ms) return summary.duration_ms;
  const loudness = (n: number) => Math.max(customer_peaks[n] ?? 0, agent_peaks[n] ?? 0);
  let stillest = -1;
  for (let n = Math.ceil((from + least) / peak_ms); (n + 1) * peak_ms <= from + most; n += 1)
    if (stillest < 0 || loudness(n) < loudness(stillest)) stillest = n;
  return stillest < 0 ? from + most : Math.round((stillest + 0.5) * peak_ms);
}

/** The stretches in which the customer heard music. */
export function holdsOf(
  markers: readonly Marker[],
  end_ms: number,
): { from: number; to: number }[] {
  return stretches(markers, end_ms, "held", "retrieved");
}
