/**
 * The one port between window and shell. `tauri.ts` speaks to the real desk,
 * `mock/` to a simulated one; nothing else knows which of the two it has.
 */
import type {
  CentreCheck,
  CustomerCard,
  CustomerPage,
  DeskView,
  DeviceSelection,
  DialTarget,
  EditCustomer,
  EditTicket,
  Failure,
  Levels,
  NewCustomer,
  NoteDraft,
  PresenceChoice,
  Processing,
  RememberedSignIn,
  Revealed,
  SetUpRequest,
  Settings,
  SignInRequest,
  Ticket,
  TicketDraft,
  TicketFilter,
  TicketPage,
  Timeline,
} from "./bindings";

/** What the shell asks the window to do. */
export type ShellRequest = "confirm_quit";

/** Ends a subscription. */
export type Stop = () => void;

/** Why a command failed, as an exception. */
export class DeskFailure extends Error {
  constructor(readonly failure: Failure) {
    super(failure.code);
  }
}

/** Everything a window may ask of the desk. Commands reject with {@link DeskFailure}. */
export interface Desk {
  /** Calls back with the present view at once and with every later one. */
  subscribe(onView: (view: DeskView) => void): Promise<Stop>;
  /** Sound levels, ten times a second while the meter is on. */
  levels(onLevels: (levels: Levels) => void): Promise<Stop>;
  /** Wishes of the shell, such as a confirmation before it quits. */
  requests(onRequest: (request: ShellRequest) => void): Promise<Stop>;

  /** `trust` is the fingerprint of a certificate that the person has just accepted. */
  checkCentre(url: string, trust: string | null): Promise<CentreCheck>;
  setUpCentre(request: SetUpRequest): Promise<void>;
  remembered(): Promise<RememberedSignIn | null>;
  signIn(request: SignInRequest): Promise<void>;
  signOut(): Promise<void>;
  setPresence(choice: PresenceChoice): Promise<void>;

  dial(target: DialTarget): Promise<void>;
  answer(): Promise<void>;
  decline(): Promise<void>;
  hangUp(): Promise<void>;
  setMuted(muted: boolean): Promise<void>;
  setHeld(held: boolean): Promise<void>;
  sendDigits(digits: string): Promise<void>;
  dismissDialRequest(): Promise<void>;

  saveNote(note: NoteDraft): Promise<void>;
  finishWrapUp(contact: string): Promise<void>;
  extendWrapUp(contact: string, seconds: number): Promise<void>;
  linkCustomer(contact: string, customer: string): Promise<void>;

  searchCustomers(query: string): Promise<CustomerPage>;
  customerCard(customer: string): Promise<CustomerCard>;
  timeline(customer: string): Promise<Timeline>;
  createCustomer(customer: NewCustomer): Promise<void>;
  editCustomer(customer: string, edit: EditCustomer): Promise<void>;
  revealNumbers(customer: string, reason: string): Promise<Revealed>;

  tickets(filter: TicketFilter): Promise<TicketPage>;
  ticket(ticket: string): Promise<Ticket>;
  saveDraft(draft: TicketDraft): Promise<void>;
  discardDraft(ticket: string): Promise<void>;
  createTicket(ticket: string): Promise<void>;
  editTicket(ticket: string, edit: EditTicket): Promise<void>;
  commentTicket(ticket: string, text: string): Promise<void>;

  refreshDevices(): Promise<void>;
  selectDevices(selection: DeviceSelection): Promise<void>;
  setProcessing(processing: Processing): Promise<void>;
  testSpeaker(): Promise<void>;
  testRinger(): Promise<void>;
  setMeter(on: boolean): Promise<void>;

  saveSettings(settings: Settings): Promise<void>;
  dismissNotice(notice: number): Promise<void>;
  retryWrite(write: string): Promise<void>;
  discardWrite(write: string): Promise<void>;

  /** Shrinks the window to the strip alone, or back. */
  setCompact(on: boolean): Promise<void>;
  /** Ends the program, calls and all. */
  quit(): Promise<void>;
}
