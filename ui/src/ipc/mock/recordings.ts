/** Stored recordings of the simulated centre, with sound of their own. */
import type { Recording, RecordingFilter, RecordingSummary } from "../recording";
import * as data from "./data";
import { DAY, HOUR, id, MINUTE, type Say } from "./data";

const PEAK_MS = 50;
const RATE = 8000;

function summaries(say: Say, now: number): RecordingSummary[] {
  const customers = data.customers(say, now);
  const people = data.people(say);
  return Array.from({ length: 14 }, (_, n) => {
    const customer = customers[n % customers.length];
    const person = people[n % 3];
    return {
      id: id(5000 + n),
      contact: id(411),
      status: n === 3 ? ("truncated" as const) : ("complete" as const),
      started: now - HOUR - n * 5 * HOUR,
      duration_ms: [214_000, 47_000, 754_000][n % 3] ?? MINUTE,
      agent: person?.id ?? null,
      agent_name: person?.name ?? null,
      customer: customer?.id ?? null,
      customer_name: n === 5 ? null : (customer?.name ?? null),
      number: customer?.numbers[0] ?? data.number("138****0000"),
      queue: id(21 + (n % 2)),
      queue_name: data.queues(say, now)[n % 2]?.name ?? null,
      tags: n === 0 ? [say("投诉", "Complaint"), say("质检", "Sampled")] : [],
      legal_hold: n === 2,
      expires: now + (180 - n) * DAY,
    };
  });
}

/** Loud while one side talks, still while the other does. */
function peaks(duration_ms: number, agent: boolean): number[] {
  return Array.from({ length: Math.floor(duration_ms / PEAK_MS) }, (_, n) => {
    const turn = Math.sin(n / 61) + 0.4 * Math.sin(n / 17) > 0;
    const voice = Math.abs(Math.sin(n * 0.7) * Math.cos(n * 0.23));
    return Math.round(turn === agent ? 40 + 190 * voice : 6 * voice);
  });
}

export class RecordingShelf {
  #all: RecordingSummary[];

  constructor(
    say: Say,
    readonly now: number,
  ) {
    this.#all = summaries(say, now);
  }

  find(filter: RecordingFilter) {
    const recordings = this.#all.filter(
      (each) =>
        (!filter.agent || each.agent === filter.agent) &&
        (!filter.queue || each.queue === filter.queue) &&
        (!filter.customer || each.customer === filter.customer) &&
        (!filter.from || each.started >= filter.from) &&
        (!filter.shortest_ms || each.duration_ms >= filter.shortest_ms) &&
        (!filter.longest_ms || each.duration_ms <= filter.longest_ms) &&
        (!filter.tag || each.tags.includes(filter.tag)),
    );
    return { recordings, more: false };
  }

  open(recording: string): Recording | undefined {
    const summary = this.#all.find((each) => each.id === recording);
    if (!summary) return undefined;
    const third = Math.floor(summary.duration_ms / 3);
    const by = summary.agent;
    return {
      summary,
      markers: [
        { at_ms: 0, mark: { kind: "announced" } },
        { at_ms: third, mark: { kind: "paused", by, reason: "sensitive_field" } },
        {
          at_ms: third + 9_000,
          mark: { kind: "resumed", by, cause: "asked", gap_ms: 9_000 },
        },
        { at_ms: 2 * third, mark: { kind: "held" } },
        { at_ms: 2 * third + 6_000, mark: { kind: "retrieved" } },
        { at_ms: 2 * third + 11_000, mark: { kind: "transferred", to: id(3) } },
      ],
      customer_peaks: peaks(summary.duration_ms, false),
      agent_peaks: peaks(summary.duration_ms, true),
      peak_ms: PEAK_MS,
      sound: true,
    };
  }

  edit(recording: string, part: Partial<RecordingSummary>) {
    this.#all = this.#all.map((each) => (each.id === recording ? { ...each, ...part } : each));
  }

  /** Two tones in turn, as long as the recording: the customer's at the left. */
  sound(recording: string): Blob {
    const { duration_ms } = this.#all.find((each) => each.id === recording) ?? { duration_ms: 0 };
    const frames = Math.floor((duration_ms * RATE) / 1000);
    const bytes = new DataView(new ArrayBuffer(44 + frames * 4));
    const text = (at: number, word: string) =>
      [...word].forEach((letter, n) => bytes.setUint8(at + n, letter.charCodeAt(0)));
    text(0, "RIFF");
    bytes.setUint32(4, 36 + frames * 4, true);
    text(8, "WAVEfmt ");
    bytes.setUint32(16, 16, true);
    bytes.setUint16(20, 1, true);
    bytes.setUint16(22, 2, true);
    bytes.setUint32(24, RATE, true);
    bytes.setUint32(28, RATE * 4, true);
    bytes.setUint16(32, 4, true);
    bytes.setUint16(34, 16, true);
    text(36, "data");
    bytes.setUint32(40, frames * 4, true);
    for (let n = 0; n < frames; n += 1) {
      const left = Math.floor(n / RATE) % 2 === 0;
      const tone = Math.round(4000 * Math.sin((2 * Math.PI * (left ? 440 : 330) * n) / RATE));
      bytes.setInt16(44 + n * 4 + (left ? 0 : 2), tone, true);
    }
    return new Blob([bytes.buffer], { type: "audio/wav" });
  }
}
