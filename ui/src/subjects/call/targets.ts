/** Whom a call can be brought to: one list of colleagues, queues, address book and numbers. */
import type { Colleague, Entry, Presence, Queue, Target } from "$ipc/bindings";
import { dialable } from "$shared/number";

/** One line of the list. */
export type Choice =
  | { kind: "agent"; id: string; colleague: Colleague }
  | { kind: "queue"; id: string; queue: Queue }
  | { kind: "entry"; id: string; entry: Entry }
  | { kind: "number"; id: string; number: string };

export interface Sources {
  colleagues: readonly Colleague[];
  queues: readonly Queue[];
  /** Entries of the address book that match already. */
  entries: readonly Entry[];
  /** Who is asking, and need not reach themselves. */
  me: string | null;
}

/** Who can be reached soonest comes first. */
function rank(presence: Presence): number {
  switch (presence.kind) {
    case "ready":
      return 0;
    case "not_ready":
    case "on_break":
      return 1;
    case "wrap_up":
      return 2;
    case "offered":
    case "busy":
      return 3;
    case "offline":
      return 4;
  }
}

/** True when every word typed is part of the text. */
function matches(text: string, query: string): boolean {
  const lower = text.toLowerCase();
  return query
    .toLowerCase()
    .split(/\s+/)
    .every((word) => lower.includes(word));
}

/** What fits the text typed, the best first. */
export function choices(query: string, { colleagues, queues, entries, me }: Sources): Choice[] {
  const number = dialable(query);
  const text = query.trim();
  const people = colleagues
    .filter((c) => c.person.id !== me)
    .filter((c) => matches(`${c.person.name} ${c.person.login} ${c.team ?? ""}`, text))
    .sort(
      (a, b) => rank(a.presence) - rank(b.presence) || a.person.name.localeCompare(b.person.name),
    );
  return [
    ...(number ? [{ kind: "number" as const, id: "number", number }] : []),
    ...people.map((colleague) => ({
      kind: "agent" as const,
      id: colleague.person.id,
      colleague,
    })),
    ...queues
      .filter((queue) => matches(queue.name, text))
      .map((queue) => ({ kind: "queue" as const, id: queue.id, queue })),
    ...entries.map((entry) => ({ kind: "entry" as const, id: entry.id, entry })),
  ];
}

/** False for a colleague who is away from the desk, or in another call and not to be knocked at. */
export function reachable(choice: Choice): boolean {
  return choice.kind !== "agent" || choice.colleague.callable;
}

export function targetOf(choice: Choice): Target {
  switch (choice.kind) {
    case "agent":
      return { kind: "agent", agent: choice.id };
    case "queue":
      return { kind: "queue", queue: choice.id };
    case "entry":
      return { kind: "entry", entry: choice.id };
    case "number":
      return { kind: "number", number: choice.number };
  }
}
