/** Names of the writes in the outbox. */
import { m } from "$texts";

const names: Record<string, () => string> = {
  create_ticket: m.write_create_ticket,
  edit_ticket: m.write_edit_ticket,
  comment_ticket: m.write_comment_ticket,
  create_customer: m.write_create_customer,
  edit_customer: m.write_edit_customer,
  link_customer: m.write_link_customer,
  wrap_up: m.write_wrap_up,
};

/** What a write is, for people; an unknown one is shown as it is. */
export function writeText(what: string): string {
  return names[what]?.() ?? what;
}
