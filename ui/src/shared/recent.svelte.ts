/** The last numbers dialled, to dial again. Gone with the window: numbers are not kept on disk. */
import type { Callback, DialTarget } from "$ipc/bindings";
import { act } from "./desk.svelte";

/** One of them; a customer's number is known by the customer, not by its digits. */
export interface Dialled {
  target: DialTarget;
  label: string;
  detail: string;
}

/** A promised call: the centre knows which number was promised. */
export function promised({ id, customer_name, number }: Callback): Dialled {
  return {
    target: { kind: "callback", id },
    label: customer_name ?? number.display,
    detail: customer_name ? number.display : "",
  };
}

const KEY = "seatline.dialled";
const MOST = 8;
const same = (a: DialTarget, b: DialTarget) => JSON.stringify(a) === JSON.stringify(b);

/** The list with one more, the latest first, each once. */
export function withDialled(list: readonly Dialled[], entry: Dialled): Dialled[] {
  return [entry, ...list.filter((each) => !same(each.target, entry.target))].slice(0, MOST);
}

function kept(): Dialled[] {
  try {
    return JSON.parse(globalThis.sessionStorage?.getItem(KEY) ?? "[]") as Dialled[];
  } catch {
    return [];
  }
}

let list = $state.raw(kept());

/** Dials, and remembers it when that went well. */
export async function dial(entry: Dialled): Promise<boolean> {
  const done = await act((desk) => desk.dial(entry.target));
  if (done) recent.add(entry);
  return done;
}

export const recent = {
  get list(): readonly Dialled[] {
    return list;
  },
  add(entry: Dialled) {
    list = withDialled(list, entry);
    // Over a reload of the page, not over the end of the program.
    sessionStorage.setItem(KEY, JSON.stringify(list));
  },
  forget() {
    list = [];
    sessionStorage.removeItem(KEY);
  },
};
