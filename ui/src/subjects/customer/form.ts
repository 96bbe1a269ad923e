/** The customer form as data. */
import type { Customer, EditCustomer } from "$ipc/bindings";

/** What the form's fields hold; lists are text with commas. */
export interface Form {
  name: string;
  company: string;
  title: string;
  email: string;
  wechat: string;
  numbers: string;
  tags: string;
  note: string;
  vip: boolean;
}

export function blankForm(): Form {
  return {
    name: "",
    company: "",
    title: "",
    email: "",
    wechat: "",
    numbers: "",
    tags: "",
    note: "",
    vip: false,
  };
}

/** Numbers stay out: they are masked, so only further ones can be added. */
export function formOf(customer: Customer): Form {
  const { name, company, title, email, wechat, note, vip } = customer;
  return {
    name,
    company,
    title,
    email,
    wechat,
    note,
    vip,
    numbers: "",
    tags: customer.tags.join(", "),
  };
}

/**
 * What was typed, on what the customer is by now: what nobody typed here follows the customer.
 * `theirs` says what now stands where something else was typed.
 */
export function rebased(
  form: Form,
  before: Customer,
  now: Customer,
): { form: Form; theirs: Partial<Record<keyof Form, string>> } {
  const [old, fresh] = [formOf(before), formOf(now)];
  const typed = (Object.keys(form) as (keyof Form)[]).filter((key) => form[key] !== old[key]);
  const others = typed.filter((key) => fresh[key] !== old[key] && fresh[key] !== form[key]);
  return {
    form: { ...fresh, ...Object.fromEntries(typed.map((key) => [key, form[key]])) },
    theirs: Object.fromEntries(others.map((key) => [key, String(fresh[key]) || "–"])),
  };
}

/** `a, b，c、d` → four entries. */
export function splitList(text: string): string[] {
  return text
    .split(/[,，、;；\n]/)
    .map((entry) => entry.trim())
    .filter(Boolean);
}

/** Only what the agent changed, and what it was changed from: a colleague's change stays. */
export function changes(customer: Customer, form: Form): EditCustomer {
  const edit: EditCustomer = { expected: customer.updated };
  for (const field of ["name", "company", "title", "email", "wechat", "note"] as const) {
    const value = form[field].trim();
    if (value !== customer[field]) edit[field] = value;
  }
  const tags = splitList(form.tags);
  if (tags.join("\n") !== customer.tags.join("\n")) edit.tags = tags;
  if (form.vip !== customer.vip) edit.vip = form.vip;
  const numbers = splitList(form.numbers);
  if (numbers.length > 0) edit.add_numbers = numbers;
  return edit;
}
