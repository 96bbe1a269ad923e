/** What a notice says, and how loud. */
import type { FailureCode, Notice, NoticeCode } from "$ipc/bindings";
import { timeOfDay } from "$shared/format";
import { m } from "$texts";
import { codeText } from "./failure";
import { partyEndText } from "./words";

const texts: Record<NoticeCode, (values: { detail: string; text: string }) => string> = {
  offer_missed: m.notice_offer_missed,
  caller_gone: m.notice_caller_gone,
  device_lost: m.notice_device_lost,
  device_returned: m.notice_device_returned,
  processing_bypassed: m.notice_processing_bypassed,
  call_failed: m.notice_call_failed,
  signed_out: m.notice_signed_out,
  session_only: m.notice_session_only,
  write_refused: m.notice_write_refused,
  outbox_set_aside: m.notice_outbox_set_aside,
  disk_full: m.notice_disk_full,
  bad_link: m.notice_bad_link,
  party_gone: m.notice_party_gone,
  presence_forced: m.notice_presence_forced,
  help_wanted: m.notice_help_wanted,
  callback_due: m.notice_callback_due,
  message_received: m.notice_message_received,
  recording_resumes: m.notice_recording_resumes,
  recordings_failing: m.notice_recordings_failing,
  recordings_back: m.notice_recordings_back,
  update_ready: m.notice_update_ready,
  update_told: m.notice_update_told,
  update_done: m.notice_update_done,
  update_failed: m.notice_update_failed,
};

/** Every code with a text; the test holds it against the generated types. */
export const noticeCodes = Object.keys(texts) as NoticeCode[];

const loud = new Set<NoticeCode>([
  "offer_missed",
  "device_lost",
  "call_failed",
  "signed_out",
  "write_refused",
  "outbox_set_aside",
  "disk_full",
  "presence_forced",
  "help_wanted",
  "callback_due",
  "message_received",
  "recording_resumes",
  "recordings_failing",
  "update_failed",
]);

/** What is said aloud without anything being wrong. */
const news = ["message_received", "callback_due", "help_wanted", "presence_forced"] as const;
export type News = (typeof news)[number];

/** The detail as the text takes it. */
function detailText({ code, detail }: Notice): string {
  switch (code) {
    case "call_failed":
      // A status of the line helps whoever is asked for help; words of the log help nobody.
      return detail && /^\d{3}$/.test(detail) ? ` (${detail})` : "";
    case "device_lost":
    case "device_returned":
      return detail ?? m.the_device();
    case "party_gone":
      return detail ?? m.party_unknown();
    case "presence_forced":
    case "help_wanted":
    case "message_received":
      return detail ?? m.a_colleague();
    case "signed_out":
      return detail ? m.signed_out_by({ name: detail }) : "";
    case "recording_resumes": {
      const at = new Date(Number(detail));
      return `${timeOfDay(at.getTime())}:${String(at.getSeconds()).padStart(2, "0")}`;
    }
    case "update_failed":
      return detail ? m.update_to({ version: detail }) : "";
    case "write_refused":
      return detail ? `“${detail}”` : m.an_entry();
    default:
      return detail ?? "";
  }
}

/** Somebody's own words, why a party left, or why something failed. */
function ownText({ code, end, text }: Notice): string {
  if (code === "party_gone") return end ? partyEndText(end) : m.party_end_left();
  if (code === "signed_out") return text ? m.signed_out_because({ reason: text }) : "";
  if (code === "update_failed") return codeText((text ?? "internal") as FailureCode);
  return text ?? "–";
}

/** The text of a notice. */
export function noticeText(notice: Notice): string {
  const values = { detail: detailText(notice), text: ownText(notice) };
  return (texts[notice.code] ?? m.failure_internal)(values);
}

/** The code of a notice that is loud but no trouble. */
export function newsOf({ code }: Notice): News | undefined {
  return news.find((each) => each === code);
}

/** True for what the agent must not overlook. */
export function isLoud(notice: Notice): boolean {
  return loud.has(notice.code);
}
