/** What a failure code says to a person: what happened, and what to do about it. */
import type { Failure, FailureCode } from "$ipc/bindings";
import { m } from "$texts";

interface Values {
  /** Host, device or file at fault. */
  subject: string;
  /** What this computer expected in its place. */
  expected: string;
  /** Minutes or seconds to wait, in words. */
  wait: string;
}

const texts: Record<FailureCode, (values: Values) => string> = {
  wrong_credentials: m.failure_wrong_credentials,
  account_locked: m.failure_account_locked,
  account_disabled: m.failure_account_disabled,
  signed_in_elsewhere: m.failure_signed_in_elsewhere,
  wrong_tenant: m.failure_wrong_tenant,
  password_not_allowed: m.failure_password_not_allowed,
  sso_off: m.failure_sso_off,
  sso_unreachable: m.failure_sso_unreachable,
  sso_untrusted: m.failure_sso_untrusted,
  sso_rejected: m.failure_sso_rejected,
  sso_refused: m.failure_sso_refused,
  sso_unknown_person: m.failure_sso_unknown_person,
  sso_expired: m.failure_sso_expired,
  sso_cancelled: m.failure_sso_cancelled,
  no_browser: m.failure_no_browser,
  session_ended: m.failure_session_ended,
  forbidden: m.failure_forbidden,
  wrong_setup_code: m.failure_wrong_setup_code,
  not_found: m.failure_not_found,
  invalid_field: m.failure_invalid_field,
  malformed_request: m.failure_malformed_request,
  too_large: m.failure_too_large,
  conflict: m.failure_conflict,
  key_reused: m.failure_key_reused,
  unplayable_number: m.failure_unplayable_number,
  number_not_allowed: m.failure_number_not_allowed,
  no_trunk: m.failure_no_trunk,
  colleague_unavailable: m.failure_colleague_unavailable,
  conference_full: m.failure_conference_full,
  disposition_required: m.failure_disposition_required,
  line_not_ready: m.failure_line_not_ready,
  too_many_requests: m.failure_too_many_requests,
  storage_full: m.failure_storage_full,
  unavailable: m.failure_unavailable,
  internal: m.failure_internal,
  bad_address: m.failure_bad_address,
  centre_unreachable: m.failure_centre_unreachable,
  proxy_unreachable: m.failure_proxy_unreachable,
  proxy_refused: m.failure_proxy_refused,
  not_a_centre: m.failure_not_a_centre,
  version_mismatch: m.failure_version_mismatch,
  certificate_untrusted: m.failure_certificate_untrusted,
  certificate_changed: m.failure_certificate_changed,
  certificate_wrong_host: m.failure_certificate_wrong_host,
  certificate_expired: m.failure_certificate_expired,
  not_signed_in: m.failure_not_signed_in,
  no_call: m.failure_no_call,
  wrong_call_state: m.failure_wrong_call_state,
  already_in_call: m.failure_already_in_call,
  line_down: m.failure_line_down,
  line_rejected: m.failure_line_rejected,
  no_microphone: m.failure_no_microphone,
  no_speaker: m.failure_no_speaker,
  device_taken: m.failure_device_taken,
  device_gone: m.failure_device_gone,
  microphone_forbidden: m.failure_microphone_forbidden,
  muted_at_headset: m.failure_muted_at_headset,
  sound_failed: m.failure_sound_failed,
  media_failed: m.failure_media_failed,
  disk_full: m.failure_disk_full,
  storage_failed: m.failure_storage_failed,
  keyring_failed: m.failure_keyring_failed,
  managed: m.failure_managed,
  no_update: m.failure_no_update,
  update_forged: m.failure_update_forged,
  update_mismatch: m.failure_update_mismatch,
  update_broken: m.failure_update_broken,
  update_too_large: m.failure_update_too_large,
  update_not_installed: m.failure_update_not_installed,
};

/** Every code with a text; the test holds it against the generated types. */
export const failureCodes = Object.keys(texts) as FailureCode[];

function waitText(seconds: number | null | undefined): string {
  if (!seconds) return m.wait_a_moment();
  return seconds < 90
    ? m.wait_seconds({ count: seconds })
    : m.wait_minutes({ count: Math.ceil(seconds / 60) });
}

/** What stands for the thing at fault when the failure does not name it. */
const unnamed: Partial<Record<FailureCode, () => string>> = {
  centre_unreachable: m.the_centre,
  device_gone: m.the_device,
  device_taken: m.the_device,
  invalid_field: m.this_field,
  signed_in_elsewhere: m.another_computer,
  wrong_tenant: m.another_tenant,
};

/** The text of a code about a thing. */
export function codeText(
  code: FailureCode,
  subject = "",
  wait: string = m.wait_a_moment(),
  expected = "",
): string {
  const text = texts[code] ?? m.failure_internal;
  return text({
    subject: subject || (unnamed[code]?.() ?? ""),
    expected: expected || m.one_tenant(),
    wait,
  });
}

/** Why the centre is away from who is signed in; a wrong address it can not be. */
export function awayText(code: FailureCode, centre = ""): string {
  return code === "centre_unreachable" ? m.away_unreachable() : codeText(code, centre);
}

/** The text of a failure. */
export function failureText(failure: Failure): string {
  const subject = failure.subject ?? fieldName(failure.field);
  const wait = waitText(failure.retry_after_s);
  return codeText(failure.code, subject, wait, failure.expected ?? "");
}

/** What a form says of a failure at one of its places; at `""` of one that is about none of them. */
export function failureAt(
  failure: Failure | null,
  place: string,
  places: readonly string[],
): string {
  const field = rootOf(failure?.field);
  return failure && place === (places.includes(field) ? field : "") ? failureText(failure) : "";
}

/** `numbers.0` is about the numbers. */
const rootOf = (field: string | null | undefined) => field?.split(".")[0] ?? "";

const fields: Record<string, () => string> = {
  name: m.customer_name,
  company: m.customer_company,
  title: m.customer_title,
  email: m.customer_email,
  wechat: m.customer_wechat,
  numbers: m.customer_numbers,
  add_numbers: m.customer_numbers,
  number: m.customer_numbers,
  number_from: m.customer_number_from,
  tags: m.customer_tags,
  customer: m.customer,
  subject: m.ticket_subject,
  ticket_type: m.ticket_type,
  priority: m.ticket_priority,
  description: m.ticket_description,
  assignee: m.ticket_assignee,
  reason: m.reveal_reason,
  disposition: m.wrap_outcome,
  note: m.wrap_note,
  state: m.ticket_state,
  text: m.the_text,
  to: m.callback_whom,
  at: m.callback_when,
  agents: m.team_agents,
  supervisors: m.team_supervisors,
  hotkeys: m.settings_hotkeys,
  login: m.sign_in_login,
  password: m.sign_in_password,
  centre: m.sign_in_centre,
  code: m.set_up_code,
};

/** The name a person knows a field by. */
export function fieldName(field: string | null | undefined): string {
  if (!field) return "";
  return fields[rootOf(field)]?.() ?? field;
}
