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
