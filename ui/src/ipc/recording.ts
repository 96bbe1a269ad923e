/** Recordings on the wire, until the shell's generated types have them. */
import type { AgentId, ContactId, CustomerId, NumberView, QueueId, UnixMs } from "./bindings";

export type RecordingId = string;

/** Where a stored recording stands. */
export type RecordingStatus = "recording" | "complete" | "truncated" | "deleted";

export type PauseReason = "asked" | "sensitive_field" | "storage_failed";
export type ResumeCause = "asked" | "time_limit" | "storage_back";

/** What a {@link Marker} says. */
export type Mark =
  | { kind: "announced" }
  | { kind: "paused"; by: AgentId | null; reason: PauseReason }
  | { kind: "resumed"; by: AgentId | null; cause: ResumeCause; gap_ms: number }
  | { kind: "held" }
  | { kind: "retrieved" }
  | { kind: "transferred"; to: AgentId | null };

/** Something worth finding again in a recording. */
export type Marker = {
  /** From the recording's beginning. */
  at_ms: number;
  mark: Mark;
};

/** A recording in a list. */
export type RecordingSummary = {
  id: RecordingId;
  contact: ContactId;
  status: RecordingStatus;
  started: UnixMs;
  duration_ms: number;
  agent: AgentId | null;
  agent_name: string | null;
  customer: CustomerId | null;
  customer_name: string | null;
  number: NumberView;
  queue: QueueId | null;
  queue_name: string | null;
  tags: string[];
  legal_hold: boolean;
  expires: UnixMs | null;
};

/** A recording with all that the player shows. */
export type Recording = {
  summary: RecordingSummary;
  markers: Marker[];
  /** Loudest sample of each `peak_ms` of the customer's side, 0 to 255. */
  customer_peaks: number[];
  agent_peaks: number[];
  peak_ms: number;
  /** Whether chain and signatures were found whole when it was closed. */
  sound: boolean;
};

/** Which recordings to list. */
export type RecordingFilter = {
  contact?: ContactId | null;
  customer?: CustomerId | null;
  agent?: AgentId | null;
  queue?: QueueId | null;
  from?: UnixMs | null;
  until?: UnixMs | null;
  shortest_ms?: number | null;
  longest_ms?: number | null;
  tag?: string | null;
  limit?: number | null;
};

export type RecordingPage = {
  /** The latest first. */
  recordings: RecordingSummary[];
  more: boolean;
};

export type EditRecording = {
  tags?: string[] | null;
  legal_hold?: boolean | null;
};

/** A question of a form. */
export type ScoreQuestion = {
  /** Stable within its form. */
  id: string;
  text: string;
  /** Its share of the whole, against the others' (1 to 100). */
  weight: number;
  /** Most points there are (1 to 10). */
  most: number;
};

export type NewScoreForm = { id: string; name: string; questions: ScoreQuestion[] };

/** A form to score calls with. It never changes; a new one takes its place. */
export type ScoreForm = NewScoreForm & { created: UnixMs };

export type ScoreAnswer = {
  question: string;
  /** Nothing if it does not apply to this call. */
  points: number | null;
  note?: string;
};

/** A comment on one moment of a call. */
export type PinnedComment = { at_ms: number; text: string };

export type SaveScorecard = {
  form: string;
  answers: ScoreAnswer[];
  comments?: PinnedComment[];
  /** All is answered: the agent may read it, and it changes no more. */
  done: boolean;
};

export type ScoreReplyKind = "accepted" | "disputed";
export type ReplyToScorecard = { kind: ScoreReplyKind; text?: string };
export type ScoreReply = { kind: ScoreReplyKind; text: string; at: UnixMs };

/** One supervisor's scoring of one recording. */
export type Scorecard = {
  id: string;
  recording: RecordingId;
  form: string;
  author: AgentId;
  author_name: string;
  answers: ScoreAnswer[];
  comments: PinnedComment[];
  /** Weighted points of what applies, in percent. */
  percent: number | null;
  done: boolean;
  saved: UnixMs;
  reply: ScoreReply | null;
};

/** How far supervisors differ on one question. */
export type QuestionSpread = {
  question: string;
  /** Points of each card, in the cards' order. */
  points: (number | null)[];
  spread_percent: number;
};

/** Finished scorings of one recording with one form, beside each other. */
export type Calibration = {
  form: string;
  cards: Scorecard[];
  questions: QuestionSpread[];
  spread_percent: number;
};
