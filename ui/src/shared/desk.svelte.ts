/** The desk as the window sees it: the latest view, and the port to act through. */
import type { Catalog, DeskView, Failure } from "$ipc/bindings";
import { DeskFailure, type Desk } from "$ipc/port";
import { toasts } from "./toasts.svelte";

let view = $state.raw<DeskView>();
let port: Desk | undefined;

/** Takes the port and waits for the first view. */
export async function connect(desk: Desk): Promise<void> {
  port = desk;
  await new Promise<void>((resolve, reject) => {
    desk
      .subscribe((next) => {
        view = next;
        resolve();
      })
      .catch(reject);
  });
}

export const desk = {
  /** The latest view. Exists from {@link connect} on, before anything is drawn. */
  get view(): DeskView {
    if (!view) throw new Error("the window is drawn after the first view");
    return view;
  },
  /** The commands. */
  get port(): Desk {
    if (!port) throw new Error("the window is drawn after the port is set");
    return port;
  },
  /** The administrator's choices, empty before sign-in. */
  get catalog(): Catalog {
    return (
      view?.catalog ?? {
        not_ready_reasons: [],
        dispositions: [],
        ticket_types: [],
        help_reasons: [],
        people: [],
      }
    );
  },
};

/** The failure inside an exception, whatever it was. */
export function failureOf(error: unknown): Failure {
  if (error instanceof DeskFailure) return error.failure;
  return {
    code: "internal",
    field: null,
    retry_after_s: null,
    subject: null,
    expected: null,
    detail: error instanceof Error ? error.message : String(error),
  };
}

/** Runs a command; a failure is shown as a toast. Tells whether it went well. */
export async function act(command: (desk: Desk) => Promise<unknown>): Promise<boolean> {
  try {
    await command(desk.port);
    return true;
  } catch (error) {
    toasts.failure(failureOf(error));
    return false;
  }
}
