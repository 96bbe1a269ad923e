/**
 * A recording heard piece by piece: each piece is fetched shortly before its turn, so that a long
 * call begins at once and never fills the memory. Pieces meet where both sides are still.
 */
import type { Failure, Recording } from "$ipc/bindings";
import type { Recordings } from "$ipc/port";
import { failureOf } from "$shared/desk.svelte";
import { pieceEnd, within } from "./wave";

interface Piece {
  from: number;
  until: number;
  audio: HTMLAudioElement;
  url: string;
}

/** How much of a piece may be left when the next one is fetched, ms. */
const AHEAD_MS = 15_000;

/** A piece that stands still for so long, and so near its end, has ended, ms. */
const STUCK_MS = 500;
const TAIL_MS = 1_000;

export class Sound {
  /** Where it plays, ms. */
  at = $state(0);
  playing = $state(false);
  fetching = $state(false);
  failure = $state.raw<Failure | null>(null);
  #speed = 1;
  #piece: Piece | null = null;
  #next: Promise<Piece> | null = null;
  /** When it was last seen to move. */
  #moved = 0;
  /** Counts what is asked for, so that what comes too late is dropped. */
  #turn = 0;

  constructor(
    readonly recordings: Recordings,
    readonly recording: Recording,
  ) {}

  get end(): number {
    return this.recording.summary.duration_ms;
  }

  async play() {
    if (this.playing || this.fetching) return;
    if (this.at >= this.end) this.seek(0);
    const turn = ++this.#turn;
    this.failure = null;
    this.fetching = true;
    try {
      await this.#playFrom(turn);
    } catch (error) {
      if (turn === this.#turn) this.failure = failureOf(error);
    } finally {
      if (turn === this.#turn) this.fetching = false;
    }
  }

  pause() {
    this.#turn += 1;
    this.fetching = false;
    this.playing = false;
    this.#piece?.audio.pause();
  }

  seek(ms: number) {
    const goesOn = this.playing || this.fetching;
    this.at = within(ms, this.end);
    const piece = this.#piece;
    if (piece && this.at >= piece.from && this.at < piece.until) {
      piece.audio.currentTime = (this.at - piece.from) / 1000;
      return;
    }
    this.pause();
    this.#forget();
    if (goesOn) void this.play();
  }

  /** How fast it plays; the pitch stays. */
  set speed(speed: number) {
    this.#speed = speed;
    if (this.#piece) this.#piece.audio.playbackRate = speed;
  }

  /** Looks where it plays. To be called often while it does. */
  follow() {
    const piece = this.#piece;
    if (!piece || !this.playing) return;
    const at = within(piece.from + piece.audio.currentTime * 1000, piece.until);
    if (at !== this.at) this.#moved = performance.now();
    this.at = at;
    // WebKitGTK forgets to say so when it plays fast.
    const stuck = performance.now() - this.#moved > STUCK_MS;
    if (stuck && piece.until - at < TAIL_MS) return void this.#goOn(piece);
    if (piece.until < this.end && piece.until - this.at < AHEAD_MS * this.#speed)
      this.#next ??= this.#fetch(piece.until, false);
  }

  /** Nobody listens any more, for now. */
  close() {
    this.pause();
    this.#forget();
  }

  async #playFrom(turn: number) {
    if (!this.#piece) {
      const piece = await this.#fetch(this.at, true);
      if (turn !== this.#turn) return drop(piece);
      this.#piece = piece;
    }
    const { audio } = this.#piece;
    await audio.play();
    if (turn !== this.#turn) return audio.pause();
    // Not before: WebKitGTK does not begin at another speed.
    audio.playbackRate = this.#speed;
    this.#moved = performance.now();
    this.playing = true;
  }

  async #fetch(from: number, first: boolean): Promise<Piece> {
    const until = pieceEnd(this.recording, from, first);
    const sound = await this.recordings.hear(this.recording.summary.id, from, until);
    const url = URL.createObjectURL(sound);
    const audio = new Audio(url);
    audio.preservesPitch = true;
    const piece = { from, until, audio, url };
    audio.onended = () => void this.#goOn(piece);
    return piece;
  }

  async #goOn(piece: Piece) {
    if (piece !== this.#piece || !this.playing) return;
    this.at = piece.until;
    // Heard once more, it is asked for once more: that is another hearing.
    if (piece.until >= this.end) return this.close();
    const turn = ++this.#turn;
    const next = this.#next ?? this.#fetch(piece.until, false);
    this.#next = null;
    this.#piece = null;
    drop(piece);
    try {
      const follower = await next;
      if (turn !== this.#turn) return drop(follower);
      this.#piece = follower;
      await this.#playFrom(turn);
    } catch (error) {
      if (turn !== this.#turn) return;
      this.pause();
      this.failure = failureOf(error);
    }
  }

  #forget() {
    if (this.#piece) drop(this.#piece);
    this.#next?.then(drop, () => {});
    this.#piece = null;
    this.#next = null;
  }
}

function drop({ audio, url }: Piece) {
  audio.onended = null;
  audio.pause();
  audio.removeAttribute("src");
  URL.revokeObjectURL(url);
}
