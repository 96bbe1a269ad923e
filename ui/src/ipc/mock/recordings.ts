/** Stored recordings of the simulated centre, with sound of their own. */
import type {
  Calibration,
  NewScoreForm,
  Recording,
  RecordingFilter,
  RecordingSummary,
  ReplyToScorecard,
  SaveScorecard,
  Scorecard,
  ScoreForm,
} from "../bindings";
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
  #forms: ScoreForm[];
  #cards: Scorecard[];

  constructor(
    readonly say: Say,
    readonly now: number,
  ) {
    this.#all = summaries(say, now);
    const question = (n: number, text: string, weight: number, most: number) => ({
      id: `q${n}`,
      text,
      weight,
      most,
    });
    this.#forms = [
      {
        id: id(5500),
        name: say("售后通话质检", "After-sales quality"),
        questions: [
          question(1, say("开场与身份核对", "Greeting and identity check"), 20, 2),
          question(2, say("听清并复述问题", "Understood and repeated the concern"), 40, 5),
          question(3, say("方案与承诺", "Solution and promise"), 30, 5),
          question(4, say("结束语", "Closing"), 10, 1),
        ],
        created: now - 90 * DAY,
      },
    ];
    const scored = (n: number, author: number, name: string, points: number[]): Scorecard => ({
      id: id(5600 + n),
      recording: id(5000),
      form: id(5500),
      author: id(author),
      author_name: name,
      answers: points.map((given, at) => ({ question: `q${at + 1}`, points: given, note: "" })),
      comments: [
        { at_ms: 48_000, text: say("这里应先道歉", "An apology belongs here") },
        { at_ms: 131_000, text: say("承诺清楚", "A clear promise") },
      ],
      percent: [82, 64][n] ?? null,
      done: true,
      saved: now - (n + 1) * HOUR,
      reply: null,
    });
    this.#cards = [
      scored(0, 7, say("何静", "He Jing"), [2, 4, 4, 1]),
      scored(1, 8, say("郑敏", "Zheng Min"), [2, 2, 4, 1]),
    ];
  }

  forms(): ScoreForm[] {
    return this.#forms;
  }

  addForm(form: NewScoreForm) {
    this.#forms = [...this.#forms, { ...form, created: this.now }];
  }

  cards(recording: string): Scorecard[] {
    return this.#cards.filter((card) => card.recording === recording);
  }

  saveCard(recording: string, card: string, save: SaveScorecard, author: string, name: string) {
    const next: Scorecard = {
      id: card,
      recording,
      form: save.form,
      author,
      author_name: name,
      answers: save.answers,
      comments: save.comments ?? [],
      percent: 80,
      done: save.done,
      saved: this.now,
      reply: null,
    };
    this.#cards = [...this.#cards.filter((each) => each.id !== card), next];
  }

  reply(card: string, { kind, text }: ReplyToScorecard) {
    this.#cards = this.#cards.map((each) =>
      each.id === card ? { ...each, reply: { kind, text: text ?? "", at: this.now } } : each,
    );
  }

  calibration(recording: string, form: string): Calibration {
    const cards = this.cards(recording).filter((card) => card.done && card.form === form);
    const questions = this.#forms.find((each) => each.id === form)?.questions ?? [];
    const apart = (values: number[]) =>
      values.length > 0 ? Math.max(...values) - Math.min(...values) : 0;
    return {
      form,
      cards,
      questions: questions.map((question) => {
        const points = cards.map(
          (card) => card.answers.find((a) => a.question === question.id)?.points ?? null,
        );
        const given = points.filter((each) => each !== null);
        const spread_percent = Math.round((100 * apart(given)) / question.most);
        return { question: question.id, points, spread_percent };
      }),
      spread_percent: apart(cards.flatMap((card) => card.percent ?? [])),
    };
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
        { at_ms: 2 * third + 14_000, mark: { kind: "noted", by: id(3) } },
        { at_ms: 2 * third + 19_000, mark: { kind: "ticket", ticket: id(501) } },
      ],
      customer_peaks: peaks(summary.duration_ms, false),
      agent_peaks: peaks(summary.duration_ms, true),
      peak_ms: PEAK_MS,
      sound: true,
      may_hear: true,
    };
  }

  edit(recording: string, part: Partial<RecordingSummary>) {
    this.#all = this.#all.map((each) => (each.id === recording ? { ...each, ...part } : each));
  }

  /** Two tones in turn: the customer's at the left. */
  sound(from_ms: number, until_ms: number): Blob {
    const first = Math.floor((from_ms * RATE) / 1000);
    const frames = Math.floor((until_ms * RATE) / 1000) - first;
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
      const left = Math.floor((first + n) / RATE) % 2 === 0;
      const tone = Math.round(4000 * Math.sin((2 * Math.PI * (left ? 440 : 330) * n) / RATE));
      bytes.setInt16(44 + n * 4 + (left ? 0 : 2), tone, true);
    }
    return new Blob([bytes.buffer], { type: "audio/wav" });
  }
}
