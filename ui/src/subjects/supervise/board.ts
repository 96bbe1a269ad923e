/** The board's rows: found, filtered, sorted, summed up. */
import type { BoardAgent, BoardCall, BoardQueue, Presence } from "$ipc/bindings";

/** An agent with the call they are in. */
export interface Row {
  agent: BoardAgent;
  call: BoardCall | undefined;
}

export const sortKeys = ["name", "state", "since", "contact", "quality", "handled"] as const;
export type SortKey = (typeof sortKeys)[number];

export interface Sort {
  key: SortKey;
  down: boolean;
}

export interface Filter {
  text: string;
  team: string;
  queue: string;
  /** A kind of presence, `help` for raised hands, or everything. */
  state: Presence["kind"] | "help" | "";
}

const { compare: byText } = new Intl.Collator("zh-CN");

/** Those who may need somebody come first. */
const order: Record<Presence["kind"], number> = {
  busy: 0,
  offered: 1,
  wrap_up: 2,
  ready: 3,
  not_ready: 4,
  on_break: 5,
  offline: 6,
};

/** Each agent with their call. */
export function rowsOf(agents: readonly BoardAgent[], calls: readonly BoardCall[]): Row[] {
  const byContact = new Map(calls.map((call) => [call.contact, call]));
  return agents.map((agent) => ({
    agent,
    call: agent.contact ? byContact.get(agent.contact) : undefined,
  }));
}

export function matches({ agent, call }: Row, filter: Filter): boolean {
  const { person, team, presence } = agent;
  const text = `${person.name} ${person.login} ${call?.customer_name ?? ""}`.toLowerCase();
  return (
    text.includes(filter.text.trim().toLowerCase()) &&
    (!filter.team || team === filter.team) &&
    (!filter.queue || call?.queue === filter.queue) &&
    (!filter.state ||
      (filter.state === "help" ? call?.help != null : presence.presence.kind === filter.state))
  );
}

function compare(a: Row, b: Row, key: SortKey): number {
  switch (key) {
    case "name":
      return 0;
    case "state": {
      const help = Number(b.call?.help != null) - Number(a.call?.help != null);
      return help || order[a.agent.presence.presence.kind] - order[b.agent.presence.presence.kind];
    }
    case "since":
      return a.agent.presence.since - b.agent.presence.since;
    case "contact":
      return (a.call?.connected ?? Infinity) - (b.call?.connected ?? Infinity) || 0;
    case "quality":
      return (a.agent.quality?.mos ?? 9) - (b.agent.quality?.mos ?? 9);
    case "handled":
      return b.agent.handled - a.agent.handled;
  }
}

/** Sorted; equals stand by name, so that none changes places for no reason. */
export function sorted(rows: readonly Row[], sort: Sort): Row[] {
  const sign = sort.down ? -1 : 1;
  return [...rows].sort(
    (a, b) =>
      sign * compare(a, b, sort.key) ||
      (sort.key === "name" ? sign : 1) * byText(a.agent.person.name, b.agent.person.name) ||
      byText(a.agent.person.login, b.agent.person.login),
  );
}

/** The rows in an order given before: who is new comes last. Nothing moves under the pointer. */
export function inOrder(rows: readonly Row[], ids: readonly string[]): Row[] {
  const place = new Map(ids.map((id, n) => [id, n]));
  return [...rows].sort(
    (a, b) =>
      (place.get(a.agent.person.id) ?? ids.length) - (place.get(b.agent.person.id) ?? ids.length),
  );
}

export interface Totals {
  waiting: number;
  longestSince: number | null;
  /** Share answered in time over all queues, 0 to 1. */
  serviceLevel: number | null;
  answered: number;
  abandoned: number;
  signedIn: number;
  ready: number;
  busy: number;
}

/** What the tiles say. */
export function totals(queues: readonly BoardQueue[], agents: readonly BoardAgent[]): Totals {
  const since = queues.flatMap(({ queue }) => queue.longest_since ?? []);
  const measured = queues.filter((q) => q.service_level !== null);
  const answered = measured.reduce((sum, q) => sum + q.answered, 0);
  const inTime = measured.reduce((sum, q) => sum + (q.service_level ?? 0) * q.answered, 0);
  const kinds = agents.map((agent) => agent.presence.presence.kind);
  return {
    waiting: queues.reduce((sum, { queue }) => sum + queue.waiting, 0),
    longestSince: since.length > 0 ? Math.min(...since) : null,
    serviceLevel: answered > 0 ? inTime / answered : null,
    answered: queues.reduce((sum, q) => sum + q.answered, 0),
    abandoned: queues.reduce((sum, q) => sum + q.abandoned, 0),
    signedIn: kinds.filter((kind) => kind !== "offline").length,
    ready: kinds.filter((kind) => kind === "ready").length,
    busy: kinds.filter((kind) => kind === "busy" || kind === "offered").length,
  };
}

/** The names of teams, each once. */
export function teamsOf(agents: readonly BoardAgent[]): string[] {
  return [...new Set(agents.flatMap((agent) => agent.team ?? []))].sort(byText);
}
