/** Short messages of this window: outcomes of what the agent just did. */
import type { Failure } from "$ipc/bindings";

/** One message. Failures stay until dismissed, the rest go by themselves. */
export type Toast =
  { id: number; kind: "failure"; failure: Failure } | { id: number; kind: "done"; text: string };

const DONE_MS = 4000;
const MOST = 4;

let next = 0;
let list = $state.raw<Toast[]>([]);

function add(toast: Toast) {
  list = [...list, toast].slice(-MOST);
}

export const toasts = {
  get list(): readonly Toast[] {
    return list;
  },
  failure(failure: Failure) {
    const same = (t: Toast) => t.kind === "failure" && t.failure.code === failure.code;
    list = list.filter((t) => !same(t));
    add({ id: next++, kind: "failure", failure });
  },
  done(text: string) {
    const id = next++;
    add({ id, kind: "done", text });
    setTimeout(() => this.dismiss(id), DONE_MS);
  },
  dismiss(id: number) {
    list = list.filter((t) => t.id !== id);
  },
};
