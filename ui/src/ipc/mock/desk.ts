/** A desk without a shell: answers as the real one would, and can be told to fail. */
import type {
  CustomerCard,
  DeskView,
  DialTarget,
  EditCustomer,
  EditTicket,
  FailureCode,
  Levels,
  NewCustomer,
  NoteDraft,
  PresenceChoice,
  SetUpRequest,
  Settings,
  SignInRequest,
  Ticket,
  TicketDraft,
  TicketFilter,
} from "../bindings";
import { DeskFailure, type Desk, type ShellRequest, type Stop } from "../port";
import * as data from "./data";
import { id, MINUTE, type Say } from "./data";
import { callOf, live, online, ringing, wrapping, type Scenario } from "./scenarios";

const MORE_THAN_FITS = 60;

function fail(
  code: FailureCode,
  part: { field?: string; subject?: string; wait?: number } = {},
): never {
  throw new DeskFailure({
    code,
    field: part.field ?? null,
    subject: part.subject ?? null,
    retry_after_s: part.wait ?? null,
    detail: "simulated",
  });
}

export class MockDesk implements Desk {
  #view: DeskView;
  #listeners = new Set<(view: DeskView) => void>();
  #levels = new Set<(levels: Levels) => void>();
  #meter: ReturnType<typeof setInterval> | undefined;
  #customers;
  #tickets: Ticket[];
  #needsSetUp: boolean;
  /** Commands that reached this desk, for whoever watches. */
  readonly log: string[] = [];

  constructor(
    readonly scenario: Scenario,
    readonly say: Say,
  ) {
    this.#view = scenario.view;
    this.#needsSetUp = scenario.needsSetUp ?? false;
    this.#customers = scenario.empty ? [] : data.customers(say, this.#now());
    this.#tickets = scenario.empty ? [] : data.tickets(say, this.#now());
    if (scenario.ringsAfter) {
      setTimeout(() => {
        const { settings, drafts } = this.#view;
        const view = { ...ringing(say, this.#now()), settings, drafts };
        // As at the real desk, the offer comes over another wire and is there first.
        this.#set({ ...view, call: null });
        setTimeout(() => this.#set({ call: view.call }), 300);
      }, scenario.ringsAfter);
    }
  }

  #now = () => Date.now() + this.scenario.view.clock_offset_ms;

  #set(part: Partial<DeskView>) {
    this.#view = { ...this.#view, ...part };
    for (const listener of this.#listeners) listener(this.#view);
  }

  /** Something changed at the centre: whoever shows it reads it again. */
  #changed() {
    this.#set({ revision: this.#view.revision + 1 });
  }

  /** A command that the scenario lets through, after as long as a real one takes. */
  async #ask(name: string): Promise<void> {
    this.log.push(name);
    if (this.scenario.slow) await new Promise(() => {});
    await new Promise((resolve) => setTimeout(resolve, 60));
    if (this.scenario.failing) fail("centre_unreachable", { subject: "center.example.cn" });
  }

  async subscribe(onView: (view: DeskView) => void): Promise<Stop> {
    this.#listeners.add(onView);
    onView(this.#view);
    return () => this.#listeners.delete(onView);
  }

  async levels(onLevels: (levels: Levels) => void): Promise<Stop> {
    this.#levels.add(onLevels);
    return () => this.#levels.delete(onLevels);
  }

  async requests(onRequest: (request: ShellRequest) => void): Promise<Stop> {
    if (this.scenario.quit) setTimeout(() => onRequest("confirm_quit"), 50);
    return () => {};
  }

  async checkCentre(url: string, trust: string | null) {
    if (/\s/.test(url)) fail("bad_address", { field: "centre" });
    this.#judgeCertificate(trust, fail);
    return {
      url: `https://${url}`,
      name: this.say("澄水客服中心", "Clearwater Care"),
      version: "0.1.0",
      needs_setup: this.#needsSetUp,
    };
  }

  async setUpCentre(request: SetUpRequest) {
    await this.#ask("setUpCentre");
    if (request.password.length < 12) fail("invalid_field", { field: "password" });
    if (request.code === "WRONG" || !this.#needsSetUp) fail("wrong_setup_code");
    this.#needsSetUp = false;
  }

  #judgeCertificate(
    trust: string | null,
    refuse: (code: FailureCode, part: { subject: string }) => void,
  ) {
    const trouble = this.scenario.signIn;
    if ((trouble === "certificate_untrusted" || trouble === "certificate_changed") && !trust)
      refuse(trouble, { subject: "9f3a".repeat(16) });
  }

  async remembered() {
    return {
      centre: "https://center.example.cn",
      login: this.scenario.needsSetUp ? "" : "zhouqian",
      has_password: false,
      managed: this.#view.centre?.managed ?? false,
    };
  }

  async signIn(request: SignInRequest) {
    this.log.push("signIn");
    this.#set({ connection: { kind: "signing_in" } });
    await new Promise((resolve) => setTimeout(resolve, 300));
    const trouble = (code: FailureCode, part = {}) => {
      this.#set({ connection: { kind: "signed_out", reason: null } });
      fail(code, part);
    };
    this.#judgeCertificate(request.trust, trouble);
    if (this.scenario.signIn === "signed_in_elsewhere" && !request.take_over)
      trouble("signed_in_elsewhere", { subject: "PC-2207" });
    if (request.password === "wrong") trouble("wrong_credentials");
    if (request.password === "locked") trouble("account_locked", { wait: 300 });
    if (request.centre.includes("nowhere"))
      trouble("centre_unreachable", { subject: request.centre });
    const settings = this.#view.settings;
    this.#set({ ...online(this.say, this.#now()), settings });
  }

  async signOut() {
    this.#set({
      connection: { kind: "signed_out", reason: null },
      me: null,
      presence: null,
      call: null,
      offer: null,
      contacts: [],
    });
  }

  async setPresence(choice: PresenceChoice) {
    await this.#ask("setPresence");
    const now = this.#view.presence;
    const busy = ["busy", "wrap_up", "offered"].includes(now?.presence.kind ?? "");
    this.#set({
      presence:
        busy && now
          ? { ...now, next: choice }
          : { presence: choice, since: this.#now(), next: choice },
    });
  }

  async dial(target: DialTarget) {
    await this.#ask("dial");
    const typed = target.kind === "number" ? target.number.replace(/[^\d+*#]/g, "") : "13800005678";
    if (typed.length < 3) fail("unplayable_number", { subject: typed });
    const customer =
      target.kind === "customer" ? this.#customers.find((c) => c.id === target.id) : undefined;
    const subject = live(this.say, this.#now(), {
      direction: "outbound",
      state: "dialing",
      queue: null,
      queue_name: null,
      created: this.#now(),
      connected: null,
      customer: customer?.id ?? null,
      customer_name: customer?.name ?? null,
      number: customer?.numbers[0] ?? data.number(typed, null, "unknown"),
    });
    this.#set({
      contacts: [subject],
      call: callOf(subject, { state: "dialing", quality: null }),
      dial_request: null,
      presence: { presence: { kind: "busy" }, since: this.#now(), next: { kind: "ready" } },
    });
    setTimeout(() => {
      if (this.#view.call?.state === "dialing") this.#connect();
    }, 2500);
  }

  #connect() {
    const now = this.#now();
    const before = this.#view.contacts[0];
    if (!before) return;
    const subject = { ...before, state: "connected" as const, connected: now };
    this.#set({
      contacts: [subject],
      offer: null,
      call: callOf(subject),
      presence: { presence: { kind: "busy" }, since: now, next: { kind: "ready" } },
    });
  }

  async answer() {
    await this.#ask("answer");
    if (!this.#view.call || this.#view.call.state !== "ringing") fail("no_call");
    this.#set({
      offer: null,
      call: { ...this.#view.call, state: "connecting", since: this.#now() },
    });
    setTimeout(() => this.#connect(), 250);
  }

  async decline() {
    await this.#ask("decline");
    const now = this.#now();
    this.#set({
      call: null,
      offer: null,
      contacts: [],
      presence: {
        presence: { kind: "not_ready", reason: "declined" },
        since: now,
        next: { kind: "ready" },
      },
    });
  }

  async hangUp() {
    await this.#ask("hangUp");
    const call = this.#view.call;
    if (!call) fail("no_call");
    if (call.state === "ringing") return this.decline();
    const now = this.#now();
    const before = this.#view.contacts[0];
    const wrap = wrapping(this.say, now);
    this.#set({
      call: null,
      notes: [],
      presence: wrap.presence,
      contacts: before
        ? [
            {
              ...before,
              state: "wrap_up",
              ended: now,
              ended_by: "agent",
              wrap_up_deadline: now + MINUTE,
            },
          ]
        : [],
    });
  }

  async setMuted(muted: boolean) {
    this.log.push("setMuted");
    if (this.#view.call) this.#set({ call: { ...this.#view.call, muted } });
  }

  async setHeld(held: boolean) {
    await this.#ask("setHeld");
    const call = this.#view.call;
    if (!call) fail("no_call");
    this.#set({ call: { ...call, state: held ? "held" : "active", since: this.#now() } });
  }

  async sendDigits(digits: string) {
    this.log.push(`sendDigits ${digits}`);
    const call = this.#view.call;
    if (call) this.#set({ call: { ...call, digits: call.digits + digits } });
  }

  async dismissDialRequest() {
    this.#set({ dial_request: null });
  }

  async saveNote(note: NoteDraft) {
    this.log.push("saveNote");
    const rest = this.#view.notes.filter((n) => n.contact !== note.contact);
    this.#set({ notes: [...rest, { ...note, saved: this.#now() }] });
  }

  async finishWrapUp(contact: string) {
    await this.#ask("finishWrapUp");
    const subject = this.#view.contacts.find((c) => c.id === contact);
    const note = this.#view.notes.find((n) => n.contact === contact);
    if (subject?.disposition_required && !note?.disposition)
      fail("disposition_required", { field: "disposition" });
    const next = this.#view.presence?.next ?? { kind: "ready" as const };
    this.#set({
      contacts: this.#view.contacts.filter((c) => c.id !== contact),
      notes: this.#view.notes.filter((n) => n.contact !== contact),
      presence: { presence: next, since: this.#now(), next },
    });
  }

  async extendWrapUp(contact: string, seconds: number) {
    await this.#ask("extendWrapUp");
    this.#set({
      contacts: this.#view.contacts.map((c) =>
        c.id === contact && c.wrap_up_deadline
          ? { ...c, wrap_up_deadline: c.wrap_up_deadline + seconds * 1000 }
          : c,
      ),
    });
  }

  async linkCustomer(contact: string, customer: string) {
    await this.#ask("linkCustomer");
    const found = this.#customers.find((c) => c.id === customer);
    this.#set({
      contacts: this.#view.contacts.map((c) =>
        c.id === contact ? { ...c, customer, customer_name: found?.name ?? null } : c,
      ),
    });
  }

  async searchCustomers(query: string) {
    await this.#ask("searchCustomers");
    const words = query.trim().toLowerCase();
    const customers = this.#customers.filter((c) =>
      [c.name, c.company, c.reference, ...c.numbers.map((n) => n.display)].some((text) =>
        text.toLowerCase().includes(words),
      ),
    );
    return { customers, more: this.scenario.more ?? false };
  }

  async customerCard(customer: string): Promise<CustomerCard> {
    await this.#ask("customerCard");
    const found = this.#customers.find((c) => c.id === customer) ?? fail("not_found");
    return {
      customer: found,
      open_tickets: this.#tickets
        .map((t) => t.summary)
        .filter((t) => t.customer === customer && t.state !== "closed"),
      recent_contacts: data.pastContacts(this.say, this.#now()),
    };
  }

  async timeline(customer: string) {
    await this.#ask("timeline");
    const tickets = this.#tickets.filter((t) => t.summary.customer === customer);
    return {
      entries: [
        ...tickets.flatMap((t) =>
          t.comments.map((c) => ({
            kind: "comment" as const,
            ticket: t.summary.id,
            reference: t.summary.reference,
            author: c.author_name,
            text: c.text,
            at: c.at,
          })),
        ),
        ...tickets.map((t) => ({ kind: "ticket" as const, ticket: t.summary })),
        ...data
          .pastContacts(this.say, this.#now())
          .map((c) => ({ kind: "contact" as const, contact: c })),
      ],
      more: this.scenario.more ?? false,
    };
  }

  async createCustomer(customer: NewCustomer) {
    await this.#ask("createCustomer");
    const now = this.#now();
    const from = this.#view.contacts.find((c) => c.id === customer.number_from);
    this.#customers = [
      ...this.#customers,
      {
        id: customer.id,
        reference: `C-${100390 + this.#customers.length}`,
        name: customer.name,
        company: customer.company ?? "",
        title: customer.title ?? "",
        email: customer.email ?? "",
        wechat: customer.wechat ?? "",
        numbers: from ? [from.number] : (customer.numbers ?? []).map((n) => data.number(n)),
        tags: customer.tags ?? [],
        vip: customer.vip ?? false,
        note: customer.note ?? "",
        created: now,
        updated: now,
      },
    ];
    this.#changed();
  }

  async editCustomer(customer: string, edit: EditCustomer) {
    await this.#ask("editCustomer");
    if (edit.email && !edit.email.includes("@")) fail("invalid_field", { field: "email" });
    const given = Object.fromEntries(Object.entries(edit).filter(([, value]) => value != null));
    this.#customers = this.#customers.map((c) => (c.id === customer ? { ...c, ...given } : c));
    this.#changed();
  }

  async revealNumbers(customer: string, reason: string) {
    await this.#ask("revealNumbers");
    if (reason.trim().length < 2) fail("invalid_field", { field: "reason" });
    const numbers = this.#customers.find((c) => c.id === customer)?.numbers ?? [];
    return {
      numbers: numbers.map((n) => n.display.replace("****", "1234")),
      until: this.#now() + MINUTE,
    };
  }

  async tickets(filter: TicketFilter) {
    await this.#ask("tickets");
    const words = filter.q?.trim().toLowerCase() ?? "";
    const tickets = this.#tickets
      .map((t) => t.summary)
      .filter(
        (t) =>
          (!filter.open || !["solved", "closed"].includes(t.state)) &&
          (!filter.assignee || t.assignee === filter.assignee) &&
          (!filter.customer || t.customer === filter.customer) &&
          `${t.reference} ${t.subject}`.toLowerCase().includes(words),
      );
    return { tickets: tickets.slice(0, MORE_THAN_FITS), more: this.scenario.more ?? false };
  }

  async ticket(ticket: string) {
    await this.#ask("ticket");
    return this.#tickets.find((t) => t.summary.id === ticket) ?? fail("not_found");
  }

  async saveDraft(draft: TicketDraft) {
    this.log.push("saveDraft");
    const rest = this.#view.drafts.filter((d) => d.id !== draft.id);
    this.#set({ drafts: [...rest, { ...draft, saved: this.#now() }] });
  }

  async discardDraft(ticket: string) {
    this.#set({ drafts: this.#view.drafts.filter((d) => d.id !== ticket) });
  }

  async createTicket(ticket: string) {
    this.log.push("createTicket");
    const draft = this.#view.drafts.find((d) => d.id === ticket) ?? fail("not_found");
    if (!draft.subject.trim()) fail("invalid_field", { field: "subject" });
    const now = this.#now();
    this.#tickets = [
      {
        summary: {
          id: draft.id,
          reference: `TK-${20433 + this.#tickets.length}`,
          subject: draft.subject,
          ticket_type: draft.ticket_type,
          priority: draft.priority,
          state: "open",
          customer: draft.customer,
          customer_name: this.#customers.find((c) => c.id === draft.customer)?.name ?? null,
          assignee: draft.assignee,
          assignee_name:
            this.#view.catalog?.people.find((p) => p.id === draft.assignee)?.name ?? null,
          created: now,
          updated: now,
        },
        description: draft.description,
        contact: draft.contact,
        author_name: this.#view.me?.name ?? "",
        comments: [],
      },
      ...this.#tickets,
    ];
    this.#set({
      drafts: this.#view.drafts.filter((d) => d.id !== ticket),
      contacts: this.#view.contacts.map((c) =>
        c.id === draft.contact ? { ...c, tickets: [...c.tickets, draft.id] } : c,
      ),
    });
    this.#changed();
  }

  async editTicket(ticket: string, edit: EditTicket) {
    await this.#ask("editTicket");
    const person = this.#view.catalog?.people.find((p) => p.id === edit.assignee);
    this.#tickets = this.#tickets.map((t) =>
      t.summary.id === ticket
        ? {
            ...t,
            description: edit.description ?? t.description,
            summary: {
              ...t.summary,
              state: edit.state ?? t.summary.state,
              priority: edit.priority ?? t.summary.priority,
              subject: edit.subject ?? t.summary.subject,
              assignee: person?.id ?? t.summary.assignee,
              assignee_name: person?.name ?? t.summary.assignee_name,
              updated: this.#now(),
            },
          }
        : t,
    );
    this.#changed();
  }

  async commentTicket(ticket: string, text: string) {
    await this.#ask("commentTicket");
    this.#tickets = this.#tickets.map((t) =>
      t.summary.id === ticket
        ? {
            ...t,
            comments: [
              ...t.comments,
              {
                id: id(900 + t.comments.length),
                author_name: this.#view.me?.name ?? "",
                text,
                at: this.#now(),
              },
            ],
          }
        : t,
    );
    this.#changed();
  }

  async refreshDevices() {
    await this.#ask("refreshDevices");
  }

  async selectDevices(selection: {
    microphone: string | null;
    speaker: string | null;
    ringer: string | null;
  }) {
    this.log.push("selectDevices");
    this.#set({ headset: { ...this.#view.headset, ...selection } });
  }

  async setProcessing(processing: DeskView["headset"]["processing"]) {
    this.#set({ headset: { ...this.#view.headset, processing } });
  }

  async testSpeaker() {
    await new Promise((resolve) => setTimeout(resolve, 800));
    if (this.#view.headset.devices.length === 0) fail("no_speaker");
  }

  async testRinger() {
    await this.testSpeaker();
  }

  async setMeter(on: boolean) {
    clearInterval(this.#meter);
    if (!on || this.#view.headset.problem) return;
    let step = 0;
    this.#meter = setInterval(() => {
      step += 1;
      const levels = {
        microphone_dbfs: -28 + 14 * Math.sin(step / 4),
        speaker_dbfs: -34 + 12 * Math.sin(step / 5),
      };
      for (const listener of this.#levels) listener(levels);
    }, 100);
  }

  async saveSettings(settings: Settings) {
    this.#set({ settings });
  }

  async dismissNotice(notice: number) {
    this.#set({ notices: this.#view.notices.filter((n) => n.id !== notice) });
  }

  async retryWrite(write: string) {
    await this.#ask("retryWrite");
    const { pending, refused } = this.#view.outbox;
    this.#set({ outbox: { pending: pending + 1, refused: refused.filter((w) => w.id !== write) } });
  }

  async discardWrite(write: string) {
    const { pending, refused } = this.#view.outbox;
    this.#set({ outbox: { pending, refused: refused.filter((w) => w.id !== write) } });
  }

  async setCompact() {}
  async quit() {
    this.log.push("quit");
  }
}
