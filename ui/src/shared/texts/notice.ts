/** What a notice says, and how loud. */
import type { Notice, NoticeCode } from "$ipc/bindings";
import { m } from "$texts";

const texts: Record<NoticeCode, (values: { detail: string }) => string> = {
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
]);

/** The detail as the text takes it. */
function detailText({ code, detail }: Notice): string {
  switch (code) {
    case "call_failed":
      // A status of the line helps whoever is asked for help; words of the log help nobody.
      return detail && /^\d{3}$/.test(detail) ? ` (${detail})` : "";
    case "device_lost":
    case "device_returned":
      return detail ?? m.the_device();
    case "write_refused":
      return detail ? `“${detail}”` : m.an_entry();
    default:
      return detail ?? "";
  }
}

/** The text of a notice. */
export function noticeText(notice: Notice): string {
  return (texts[notice.code] ?? m.failure_internal)({ detail: detailText(notice) });
}

/** True for what the agent must not overlook. */
export function isLoud(notice: Notice): boolean {
  return loud.has(notice.code);
}
