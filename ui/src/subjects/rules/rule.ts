/** What is edited of the rules of recording. */
import type { RecordingMode, RecordingPolicy, RecordingRule } from "$ipc/bindings";
import { m } from "$texts";

/** A rule with a name of its own, for the list that is edited. */
export interface Row extends RecordingRule {
  key: string;
}

export const rowOf = (rule: RecordingRule): Row => ({ ...rule, key: crypto.randomUUID() });

export const ruleOf = ({ key: _, ...rule }: Row): RecordingRule => rule;

/** What a class is called: the one that every centre begins with has no name of its own. */
export function classText(name: string): string {
  return name === "standard" ? m.rules_class_standard() : name;
}

/** A rule that fits every call, of the first class. */
export function anyCall(policy: RecordingPolicy): Row {
  const name = policy.classes[0]?.name ?? "";
  return rowOf({
    queue: null,
    direction: null,
    mode: { kind: "all" },
    announce: true,
    class: name,
  });
}

/** The mode of that kind; a share begins with half of the calls. */
export function modeOf(kind: RecordingMode["kind"]): RecordingMode {
  return kind === "share" ? { kind, percent: 50 } : { kind };
}

/** The list with one of it a step up (-1) or down (1); unchanged at the ends. */
export function moved<T>(list: readonly T[], at: number, step: -1 | 1): T[] {
  const next = [...list];
  const [one] = next.splice(at, 1);
  const to = at + step;
  if (one === undefined || to < 0 || to > next.length) return [...list];
  next.splice(to, 0, one);
  return next;
}
