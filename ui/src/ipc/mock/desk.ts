/** A desk without a shell: answers as the real one would, and can be told to fail. */
import type {
  Agreed,
  AskHelp,
  Callback,
  CallbackState,
  Contact,
  CustomerCard,
  DeskView,
  DialTarget,
  EditCustomer,
  EditParty,
  EditTicket,
  Entry,
  FailureCode,
  Follow,
  ForcePresence,
  ForceSignOut,
  Levels,
  LiveCall,
  LiveView,
  Message,
  MessagePage,
  NewCustomer,
  NoteDraft,
  Party,
  PastLeg,
  PresenceChoice,
  SetUpRequest,
  Reach,
  SetCallback,
  SetEntry,
  SetTeam,
  Settings,
  SignInRequest,
  SsoRequest,
  Team,
  Ticket,
  TicketDraft,
  TicketFilter,
  WatchMode,
} from "../bindings";
import type { CallPolicy, CallRules, EditRecording } from "../bindings";
import type { RecordingFilter, RecordingPolicy } from "../bindings";
import {
  DeskFailure,
  type Desk,
  type Recordings,
  type Rules,
  type ShellRequest,
  type Steer,
  type Stop,
} from "../port";
import * as data from "./data";
import { Floor, watchingOf } from "./floor";
import { id, MINUTE, type Say } from "./data";
import { answered, callWith, reachFor, settle, withParties } from "./parties";
import { RecordingShelf } from "./recordings";
import { callOf, notice, live, online, ringing, wrapping, type Scenario } from "./scenarios";

const MORE_THAN_FITS = 60;
/** How long somebody rings before answering. */
const RING_MS = 900;

function fail(
  code: FailureCode,
  part: { field?: string; subject?: string; expected?: string; wait?: number } = {},
): never {
  throw new DeskFailure({
    code,
    field: part.field ?? null,
    subject: part.subject ?? null,
    expected: part.expected ?? null,
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
  #entries: Entry[];
  #floor: Floor;
  #teams: Team[];
  #callRules: CallRules;
  #recordingPolicy: RecordingPolicy;
  #shelf: RecordingShelf;
  #live = new Set<(live: LiveView) => void>();
  #watched = { board: false, directory: false };
  #stirring: ReturnType<typeof setInterval> | undefined;
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
    this.#floor = new Floor(say, this.#now(), scenario.empty ? 0 : (scenario.floor ?? 12));
    this.#shelf = new RecordingShelf(say, this.#now());
    this.#entries = data.addressBook(say, this.#now());
    this.#callRules = data.callRules(say, this.#now());
    this.#recordingPolicy = data.recordingPolicy(say, this.#now());
    this.#teams = scenario.empty ? [] : data.teams(say);
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

  async live(onLive: (live: LiveView) => void): Promise<Stop> {
    this.#live.add(onLive);
    return () => this.#live.delete(onLive);
  }

  #tellLive() {
    const { board, directory } = this.#watched;
    const view = this.#floor.view(board, directory, this.#now());
    for (const listener of this.#live) listener(view);
  }

  async showLive(board: boolean, directory: boolean) {
    this.#watched = { board, directory };
    clearInterval(this.#stirring);
    if (!board && !directory) return;
    await this.#ask("showLive");
    this.#tellLive();
    if (this.scenario.stirs) {
      this.#stirring = setInterval(() => {
        this.#floor.stir(this.#now());
        this.#tellLive();
      }, this.scenario.stirs);
    }
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
      sso: this.scenario.sso ?? null,
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
      by_sso: false,
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
    if (request.centre.includes("south"))
      trouble("wrong_tenant", {
        expected: this.say("澄水北区", "Clearwater North"),
        subject: this.say("澄水南区", "Clearwater South"),
      });
    if (request.centre.includes("nowhere"))
      trouble("centre_unreachable", { subject: request.centre });
    const settings = this.#view.settings;
    this.#set({ ...online(this.say, this.#now()), settings });
  }

  #giveUpSso: (() => void) | null = null;

  async signInSso(request: SsoRequest) {
    this.log.push("signInSso");
    this.#judgeCertificate(request.trust, fail);
    const sso = {
      address: `https://${request.centre}/sso/simulated`,
      code: "KD-4R",
      expires: this.#now() + 300_000,
    };
    this.#set({ sso: { ...sso, opened: false } });
    const through = await new Promise<boolean>((resolve) => {
      this.#giveUpSso = () => resolve(false);
      setTimeout(() => this.#view.sso && this.#set({ sso: { ...sso, opened: true } }), 2_000);
      setTimeout(() => resolve(true), 60_000);
    });
    this.#set({ sso: null });
    if (!through) fail("sso_cancelled");
    this.#set({ ...online(this.say, this.#now()), settings: this.#view.settings });
  }

  async openSsoPage() {
    this.log.push("openSsoPage");
  }

  async cancelSso() {
    this.#giveUpSso?.();
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
    this.log.push(`dial ${target.kind}`);
    const typed = target.kind === "number" ? target.number.replace(/[^\d+*#]/g, "") : "13800005678";
    if (typed.length < 3) fail("unplayable_number", { subject: typed });
    const entry =
      target.kind === "entry" ? this.#book().find((e) => e.id === target.id) : undefined;
    const promised =
      target.kind === "callback" ? this.#view.callbacks.find((c) => c.id === target.id) : undefined;
    if ((target.kind === "entry" && !entry) || (target.kind === "callback" && !promised))
      fail("not_found");
    const who = target.kind === "customer" ? target.id : promised?.customer;
    const customer = this.#customers.find((c) => c.id === who);
    const colleague =
      target.kind === "colleague"
        ? data.colleagues(this.say, this.#now()).find((c) => c.person.id === target.id)
        : undefined;
    const subject = live(this.say, this.#now(), {
      direction: colleague ? "internal" : "outbound",
      state: "dialing",
      queue: null,
      queue_name: null,
      created: this.#now(),
      connected: null,
      customer: customer?.id ?? null,
      customer_name: customer?.name ?? colleague?.person.name ?? entry?.name ?? null,
      number:
        promised?.number ??
        entry?.number ??
        customer?.numbers[target.kind === "customer" ? target.index : 0] ??
        data.number(typed, null, "unknown"),
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
    const known = { ...before, state: "connected" as const, connected: now };
    const subject = { ...known, call: callWith(known, now) };
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

  /** Changes the contact on the line. */
  #change(part: (contact: Contact) => Partial<Contact>) {
    const on = this.#view.call?.contact;
    this.#set({
      contacts: this.#view.contacts.map((c) => (c.id === on ? { ...c, ...part(c) } : c)),
    });
  }

  #changeCall(change: (call: LiveCall) => LiveCall) {
    this.#change((c) => ({ call: change(c.call ?? callWith(c, this.#now())) }));
  }

  #settle(held: (party: Party) => boolean) {
    this.#changeCall((call) => withParties(call, settle(this.#now(), held)));
  }

  async consult(_: string, reach: Reach) {
    await this.#ask("consult");
    this.#changeCall((call) => withParties(call, reachFor(this.say, reach.target, this.#now())));
    setTimeout(() => this.#changeCall((call) => withParties(call, answered(this.#now()))), RING_MS);
  }

  async transfer() {
    await this.#ask("transfer");
    await this.hangUp();
  }

  async completeTransfer() {
    await this.#ask("completeTransfer");
    await this.hangUp();
  }

  async swap() {
    await this.#ask("swap");
    this.#settle((party) => party.state === "connected");
  }

  async merge() {
    await this.#ask("merge");
    this.#settle(() => false);
  }

  async leave() {
    await this.#ask("leave");
    await this.hangUp();
  }

  async editParty(_: string, party: string, edit: EditParty) {
    await this.#ask("editParty");
    this.#changeCall((call) =>
      withParties(call, (parties) =>
        parties.map((p) =>
          p.id === party
            ? {
                ...p,
                muted: edit.muted ?? p.muted,
                state: edit.held == null ? p.state : edit.held ? "held" : "connected",
              }
            : p,
        ),
      ),
    );
  }

  async dropParty(_: string, party: string) {
    await this.#ask("dropParty");
    const gone = this.#view.contacts
      .flatMap((c) => c.call?.parties ?? [])
      .find((p) => p.id === party);
    this.#changeCall((call) =>
      withParties(call, (parties) => {
        const left = parties.filter((p) => p.id !== party);
        return left.length > 2 ? left : settle(this.#now(), () => false)(left);
      }),
    );
    const said = notice(Math.round(this.#now()), "party_gone", {
      detail: gone?.name ?? null,
      end: "dropped",
    });
    this.#set({ notices: [...this.#view.notices, said] });
  }

  async park() {
    await this.#ask("park");
    const subject = this.#view.contacts[0] ?? fail("no_call");
    const now = this.#now();
    this.#set({
      call: null,
      contacts: [],
      presence: { presence: { kind: "ready" }, since: now, next: { kind: "ready" } },
      parked: [
        ...this.#view.parked,
        {
          slot: 7,
          contact: subject.id,
          customer_name: subject.customer_name,
          number: subject.number,
          by_name: this.#view.me?.name ?? "",
          since: now,
          until: now + 2 * MINUTE,
        },
      ],
    });
  }

  async pickUp(slot: number) {
    await this.#ask("pickUp");
    const place = this.#view.parked.find((p) => p.slot === slot) ?? fail("not_found");
    const now = this.#now();
    const known = live(this.say, now, { id: place.contact, number: place.number });
    const subject = { ...known, call: callWith(known, now) };
    this.#set({
      parked: this.#view.parked.filter((p) => p.slot !== slot),
      contacts: [subject],
      call: callOf(subject),
      presence: { presence: { kind: "busy" }, since: now, next: { kind: "ready" } },
    });
  }

  async askHelp(_: string, request: AskHelp) {
    await this.#ask("askHelp");
    const help = {
      reason: request.reason,
      text: request.text ?? "",
      since: this.#now(),
      answered_by: null,
    };
    this.#changeCall((call) => ({ ...call, help }));
  }

  async withdrawHelp() {
    await this.#ask("withdrawHelp");
    this.#changeCall((call) => ({ ...call, help: null }));
  }

  async watchContact(contact: string, mode: WatchMode) {
    await this.#ask(`watchContact ${mode}`);
    const now = this.#now();
    const before = this.#view.watching;
    if (before?.contact.id === contact) {
      this.#set({ watching: { ...before, mode } });
      return;
    }
    const call =
      this.#floor.calls.find((c) => c.contact === contact) ??
      this.#floor.calls[0] ??
      fail("not_found");
    this.#set({ watching: { ...watchingOf(call, mode, now), connected: false } });
    setTimeout(() => {
      const watching = this.#view.watching;
      if (!watching) return;
      const call = callOf(watching.contact, { since: now, connected: now });
      this.#set({ watching: { ...watching, connected: true }, call });
    }, 250);
  }

  async stopWatching() {
    await this.#ask("stopWatching");
    this.#set({ watching: null, call: null });
  }

  async takeOver() {
    await this.#ask("takeOver");
    const watching = this.#view.watching ?? fail("conflict");
    const subject = { ...watching.contact, agent: this.#view.me?.id ?? null };
    this.#set({ watching: null, contacts: [subject], call: callOf(subject) });
  }

  async followAgent(agent: string, follow: Follow) {
    await this.#ask("followAgent");
    this.#floor.follow(agent, follow.follow);
    this.#tellLive();
  }

  async forcePresence(agent: string, forced: ForcePresence) {
    await this.#ask("forcePresence");
    if (forced.reason.trim() === "") fail("invalid_field", { field: "reason" });
    this.#floor.force(agent, forced.choice, this.#now());
    this.#tellLive();
  }

  async forceSignOut(agent: string, forced: ForceSignOut) {
    await this.#ask("forceSignOut");
    if (forced.reason.trim() === "") fail("invalid_field", { field: "reason" });
    this.#floor.force(agent, { kind: "offline" }, this.#now());
    this.#tellLive();
  }

  async sendMessage(person: string, text: string, contact: string | null): Promise<Message> {
    await this.#ask("sendMessage");
    if (text.length > 1000) fail("too_large");
    this.#set({
      helps: this.#view.helps.filter((c) => c.id !== contact || c.agent !== person),
    });
    const at = this.#now();
    return { id: crypto.randomUUID(), from: id(1), from_name: "", to: person, text, contact, at };
  }

  async conversation(person: string, before: string | null): Promise<MessagePage> {
    await this.#ask("conversation");
    if (this.scenario.empty) return { messages: [], more: false };
    return data.conversation(this.say, this.#now(), person, before);
  }

  async teams(): Promise<Team[]> {
    await this.#ask("teams");
    return this.#teams;
  }

  async saveTeam(team: string, set: SetTeam) {
    await this.#ask("saveTeam");
    const here = new Set(this.#view.catalog?.people.map((person) => person.id));
    for (const field of ["agents", "supervisors"] as const)
      if (set[field].some((one) => !here.has(one))) fail("invalid_field", { field });
    if (this.#teams.some((t) => t.id !== team && t.name === set.name))
      fail("conflict", { field: "name" });
    const others = this.#teams
      .filter((t) => t.id !== team)
      .map((t) => ({ ...t, agents: t.agents.filter((a) => !set.agents.includes(a)) }));
    this.#teams = [...others, { id: team, ...set }].sort((x, y) => x.name.localeCompare(y.name));
  }

  async removeTeam(team: string) {
    await this.#ask("removeTeam");
    this.#teams = this.#teams.filter((t) => t.id !== team);
  }

  readonly rules: Rules = {
    calls: async () => {
      await this.#ask("rules");
      return structuredClone(this.#callRules);
    },
    setPerson: async (person: string, policy: CallPolicy) => {
      await this.#ask(`setPerson ${JSON.stringify(policy)}`);
      const rule = this.#callRules.people.find((each) => each.person.id === person);
      if (rule) rule.policy = policy;
    },
    setQueue: async (queue: string, auto_answer: boolean) => {
      await this.#ask(`setQueue ${auto_answer}`);
      const rule = this.#callRules.queues.find((each) => each.id === queue);
      if (rule) rule.auto_answer = auto_answer;
    },
    recording: async () => {
      await this.#ask("recordingPolicy");
      return this.#recordingPolicy;
    },
    setRecording: async (policy: RecordingPolicy) => {
      await this.#ask("setRecording");
      this.#recordingPolicy = policy;
      return policy;
    },
  };

  readonly recordings: Recordings = {
    steer: async (_: string, what: Steer, reason) => {
      await this.#ask(`steer ${what} ${reason}`);
      const recording =
        what === "pause"
          ? { kind: "paused" as const, until: this.#now() + 2 * MINUTE }
          : what === "stop"
            ? { kind: "on_demand" as const }
            : { kind: "on" as const, by_hand: what === "start" };
      this.#changeCall((call) => ({ ...call, recording }));
    },
    queues: async () => {
      await this.#ask("queues");
      return data.queues(this.say, this.#now());
    },
    find: async (filter: RecordingFilter) => {
      await this.#ask("find");
      return this.scenario.empty ? { recordings: [], more: false } : this.#shelf.find(filter);
    },
    open: async (recording: string) => {
      await this.#ask("open");
      return this.#shelf.open(recording) ?? fail("not_found");
    },
    hear: async (_: string, from: number, until: number) => {
      await this.#ask("hear");
      return this.#shelf.sound(from, until);
    },
    edit: async (recording: string, edit: EditRecording) => {
      await this.#ask("edit");
      const given = Object.fromEntries(Object.entries(edit).filter(([, value]) => value != null));
      this.#shelf.edit(recording, given);
    },
    scoreForms: async () => {
      await this.#ask("scoreForms");
      return this.#shelf.forms();
    },
    addScoreForm: async (form) => {
      await this.#ask("addScoreForm");
      this.#shelf.addForm(form);
    },
    scorecards: async (recording) => {
      await this.#ask("scorecards");
      return this.#shelf.cards(recording);
    },
    saveScorecard: async (recording, card, save) => {
      await this.#ask(`saveScorecard ${save.done}`);
      const { id: author, name } = this.#view.me ?? { id: "", name: "" };
      this.#shelf.saveCard(recording, card, save, author, name);
    },
    reply: async (card, reply) => {
      await this.#ask(`reply ${reply.kind}`);
      this.#shelf.reply(card, reply);
    },
    calibration: async (recording, form) => {
      await this.#ask("calibration");
      return this.#shelf.calibration(recording, form);
    },
  };

  async pastLegs(): Promise<PastLeg[]> {
    await this.#ask("pastLegs");
    return data.pastLegs(this.say, this.#now());
  }

  /** The address book as this person may see it: by default an agent reads no shared number. */
  #book(): Entry[] {
    if (this.#view.me?.role !== "agent") return this.#entries;
    return this.#entries.map((e) => (e.shared ? { ...e, number: data.masked(e.number) } : e));
  }

  async addressBook(text: string): Promise<Entry[]> {
    await this.#ask("addressBook");
    if (this.scenario.empty) return [];
    const words = text.toLowerCase();
    return this.#book().filter((e) =>
      `${e.name} ${e.note} ${e.number.display}`.toLowerCase().includes(words),
    );
  }

  async saveEntry(entry: string, set: SetEntry) {
    await this.#ask("saveEntry");
    if (!/^[+\d\s-]{3,}$/.test(set.number)) fail("unplayable_number", { field: "number" });
    const next: Entry = {
      id: entry,
      name: set.name,
      number: { ...data.number(set.number, null, "unknown"), full: set.number },
      note: set.note ?? "",
      shared: set.shared ?? false,
      updated: this.#now(),
    };
    this.#entries = [...this.#entries.filter((e) => e.id !== entry), next];
  }

  async removeEntry(entry: string) {
    await this.#ask("removeEntry");
    this.#entries = this.#entries.filter((e) => e.id !== entry);
  }

  async saveCallback(callback: string, set: SetCallback) {
    await this.#ask("saveCallback");
    const before = this.#view.callbacks.find((c) => c.id === callback);
    const to = set.to ?? undefined;
    if (!to && !before) fail("invalid_field", { field: "to" });
    const whom = to?.kind === "customer" ? to : undefined;
    const customer = this.#customers.find((c) => c.id === whom?.customer);
    const next: Callback = {
      id: callback,
      agent: id(1),
      customer: customer?.id ?? before?.customer ?? null,
      customer_name: customer?.name ?? before?.customer_name ?? null,
      number:
        customer?.numbers[whom?.index ?? 0] ??
        (to?.kind === "number" ? { ...data.number(to.number), full: to.number } : null) ??
        before?.number ??
        data.number("138****5678"),
      at: set.at,
      note: set.note ?? "",
      state: set.at <= this.#now() ? "due" : "waiting",
    };
    const rest = this.#view.callbacks.filter((c) => c.id !== callback);
    this.#set({ callbacks: [...rest, next].sort((a, b) => a.at - b.at) });
  }

  async closeCallback(callback: string, state: CallbackState) {
    await this.#ask(`closeCallback ${state}`);
    this.#set({ callbacks: this.#view.callbacks.filter((c) => c.id !== callback) });
  }

  async callbacks() {
    await this.#ask("callbacks");
    return this.#view.callbacks;
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
    const { expected, add_numbers: _, ...rest } = edit;
    if (expected && this.#customers.some((c) => c.id === customer && c.updated !== expected))
      fail("conflict");
    const given = Object.fromEntries(Object.entries(rest).filter(([, value]) => value != null));
    this.#customers = this.#customers.map((c) =>
      c.id === customer ? { ...c, ...given, updated: this.#now() } : c,
    );
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
    await this.#ask("createTicket");
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

  async changeSettings(change: Partial<Settings>) {
    this.#set({ settings: { ...this.#view.settings, ...change } });
  }

  async checkUpdate() {
    await this.#ask("checkUpdate");
    const { version } = this.#view.update;
    this.#set({ update: { version, state: { kind: "current", asked: true } } });
  }

  async installUpdate(agreed: Agreed) {
    await this.#ask("installUpdate");
    const { version, state } = this.#view.update;
    if (state.kind === "ready") this.#set({ update: { version, state: { ...state, agreed } } });
  }

  async dismissNotice(notice: number) {
    this.#set({ notices: this.#view.notices.filter((n) => n.id !== notice) });
  }

  async retryWrite(write: string) {
    await this.#ask("retryWrite");
    const { pending, refused, ...rest } = this.#view.outbox;
    this.#set({
      outbox: { ...rest, pending: pending + 1, refused: refused.filter((w) => w.id !== write) },
    });
  }

  async discardWrite(write: string) {
    const { refused, ...rest } = this.#view.outbox;
    this.#set({ outbox: { ...rest, refused: refused.filter((w) => w.id !== write) } });
  }

  async setCompact() {}
  async quit() {
    this.log.push("quit");
  }
}
