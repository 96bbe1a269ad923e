import { beforeEach, describe, expect, it, vi } from "vitest";
import type { Call, Contact, DeskView, Offer } from "$ipc/bindings";

const { view } = vi.hoisted(() => ({ view: {} as Pick<DeskView, "call" | "offer" | "contacts"> }));
vi.mock("$shared/desk.svelte", () => ({ desk: { view } }));
vi.mock("$shared/keys", () => ({ isTyping: () => false }));
vi.stubGlobal("document", { activeElement: null });

const { focus } = await import("./focus.svelte");

const contact = (id: string) => ({ id, customer: `customer of ${id}` }) as Contact;
const call = (id: string) => ({ contact: id, state: "active" }) as Call;
const show = (next: Partial<typeof view>) =>
  Object.assign(view, { call: null, offer: null, contacts: [], ...next });

describe("focus", () => {
  beforeEach(() => {
    show({});
    focus.nothing();
  });

  it("follows a call from its offer on, also over a view that lacks it", () => {
    show({ offer: { contact: contact("one") } as Offer });
    expect(focus.follow()).toBe(true);
    show({ call: call("one") });
    expect(focus.follow()).toBe(false);
    expect(focus.contact).toBeUndefined();
    expect(focus.customer).toBeNull();
    show({ call: call("one"), contacts: [contact("one")] });
    focus.follow();
    expect(focus.contact?.id).toBe("one");
    expect(focus.customer).toBe("customer of one");
  });

  it("lets the agent look elsewhere, and turns to the next call", () => {
    show({ call: call("two"), contacts: [contact("two")] });
    expect(focus.follow()).toBe(true);
    focus.showCustomer("somebody");
    expect(focus.follow()).toBe(false);
    expect(focus.customer).toBe("somebody");
    show({ call: call("three"), contacts: [contact("two"), contact("three")] });
    expect(focus.follow()).toBe(true);
    expect(focus.contact?.id).toBe("three");
  });

  it("shows nobody once a contact is over", () => {
    show({ call: call("four"), contacts: [contact("four")] });
    focus.follow();
    show({});
    focus.follow();
    expect(focus.contact).toBeUndefined();
    expect(focus.customer).toBeNull();
  });
});
