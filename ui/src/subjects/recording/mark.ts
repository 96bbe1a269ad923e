/** What a marker says. */
import type { Marker } from "$ipc/bindings";
import { desk } from "$shared/desk.svelte";
import { span } from "$shared/format";
import { m } from "$texts";

const nameOf = (agent: string | null) =>
  desk.catalog.people.find((person) => person.id === agent)?.name;

export function markText({ mark }: Marker): string {
  switch (mark.kind) {
    case "announced":
      return m.mark_announced();
    case "paused": {
      const name = nameOf(mark.by) ?? m.the_centre();
      if (mark.reason === "storage_failed") return m.mark_paused_storage();
      return mark.reason === "asked" ? m.mark_paused({ name }) : m.mark_paused_field({ name });
    }
    case "resumed":
      return mark.cause === "time_limit"
        ? m.mark_resumed_limit({ gap: span(mark.gap_ms) })
        : m.mark_resumed({ gap: span(mark.gap_ms) });
    case "held":
      return m.mark_held();
    case "retrieved":
      return m.mark_retrieved();
    case "transferred":
      return m.mark_transferred({ name: nameOf(mark.to) ?? m.party_outside() });
    case "noted":
      return m.mark_noted({ name: nameOf(mark.by) ?? m.a_colleague() });
    case "ticket":
      return m.mark_ticket();
  }
}
