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
