/**
 * The one port between window and shell. `tauri.ts` speaks to the real desk,
 * `mock/` to a simulated one; nothing else knows which of the two it has.
 */
import type {
  Agreed,
  AskHelp,
  Calibration,
  Callback,
  CallbackState,
  CallPolicy,
  CallRules,
  CentreCheck,
  CompleteTransfer,
  CustomerCard,
  CustomerPage,
  DeskView,
  DeviceSelection,
  DialTarget,
  EditCustomer,
  EditParty,
  EditRecording,
  EditTicket,
  Entry,
  Failure,
  Follow,
  ForcePresence,
  ForceSignOut,
  Levels,
  LiveView,
  Message,
  MessagePage,
  NewCustomer,
  NewScoreForm,
  NoteDraft,
  PastLeg,
  PauseReason,
  PresenceChoice,
  Processing,
  Queue,
  Reach,
  Recording,
  RecordingFilter,
  RecordingPage,
  RecordingPolicy,
  RememberedSignIn,
  ReplyToScorecard,
  Revealed,
  SaveScorecard,
  Scorecard,
  ScoreForm,
  SetCallback,
  SetEntry,
  SetTeam,
  Settings,
  SetUpRequest,
  SignInRequest,
  SsoRequest,
  Team,
  Ticket,
  TicketDraft,
  TicketFilter,
  TicketPage,
  Timeline,
  WatchMode,
} from "./bindings";

/** What can be done with a call's recording while it lasts. */
export type Steer = "pause" | "resume" | "start" | "stop";

/** Recordings, of live calls and stored ones. */
export interface Recordings {
  /** `reason` is why it pauses. */
  steer(contact: string, what: Steer, reason: PauseReason): Promise<void>;
  find(filter: RecordingFilter): Promise<RecordingPage>;
  /** All queues, to search by. */
  queues(): Promise<Queue[]>;
  open(recording: string): Promise<Recording>;
  /**
   * A piece of the sound between two times in ms as a WAV file: the customer at the left. Each
   * hearing is written down.
   */
  hear(recording: string, from_ms: number, until_ms: number): Promise<Blob>;
  edit(recording: string, edit: EditRecording): Promise<void>;
  scoreForms(): Promise<ScoreForm[]>;
  addScoreForm(form: NewScoreForm): Promise<void>;
  /** One's own card, finished ones, or as the agent those of one's own calls. */
  scorecards(recording: string): Promise<Scorecard[]>;
  saveScorecard(recording: string, card: string, save: SaveScorecard): Promise<void>;
  reply(card: string, reply: ReplyToScorecard): Promise<void>;
  calibration(recording: string, form: string): Promise<Calibration>;
}

/** What an administrator decides. */
export interface Rules {
  /** How calls reach everybody. */
  calls(): Promise<CallRules>;
  /** How calls reach a person, from the next one on. */
  setPerson(person: string, policy: CallPolicy): Promise<void>;
  /** Whether a queue's calls answer themselves, from the next one on. */
  setQueue(queue: string, auto_answer: boolean): Promise<void>;
  /** What is recorded, for how long it is kept and who may hear it. */
  recording(): Promise<RecordingPolicy>;
  setRecording(policy: RecordingPolicy): Promise<RecordingPolicy>;
}

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
  /** The board and the colleagues, at most four times a second, while {@link Desk.showLive} asks for them. */
  live(onLive: (live: LiveView) => void): Promise<Stop>;
  /** Wishes of the shell, such as a confirmation before it quits. */
  requests(onRequest: (request: ShellRequest) => void): Promise<Stop>;

  /** `trust` is the fingerprint of a certificate that the person has just accepted. */
  checkCentre(url: string, trust: string | null): Promise<CentreCheck>;
  setUpCentre(request: SetUpRequest): Promise<void>;
  remembered(): Promise<RememberedSignIn | null>;
  signIn(request: SignInRequest): Promise<void>;
  /** Waits until the person is through their own browser; the view's `sso` says how it stands. */
  signInSso(request: SsoRequest): Promise<void>;
  openSsoPage(): Promise<void>;
  cancelSso(): Promise<void>;
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

  consult(contact: string, reach: Reach): Promise<void>;
  /** Hands the customer over unannounced. */
  transfer(contact: string, reach: Reach): Promise<void>;
  completeTransfer(contact: string, completion: CompleteTransfer): Promise<void>;
  swap(contact: string): Promise<void>;
  merge(contact: string): Promise<void>;
  /** Leaves the others alone with each other. */
  leave(contact: string): Promise<void>;
  editParty(contact: string, party: string, edit: EditParty): Promise<void>;
  dropParty(contact: string, party: string): Promise<void>;
  park(contact: string): Promise<void>;
  pickUp(slot: number): Promise<void>;
  askHelp(contact: string, request: AskHelp): Promise<void>;
  withdrawHelp(contact: string): Promise<void>;
  pastLegs(contact: string): Promise<PastLeg[]>;

  watchContact(contact: string, mode: WatchMode): Promise<void>;
  stopWatching(contact: string): Promise<void>;
  takeOver(contact: string): Promise<void>;
  followAgent(agent: string, follow: Follow): Promise<void>;
  forcePresence(agent: string, forced: ForcePresence): Promise<void>;
  forceSignOut(agent: string, forced: ForceSignOut): Promise<void>;
  sendMessage(person: string, text: string, contact: string | null): Promise<Message>;
  /** What that person and one's own wrote to each other: the latest, or what came before `before`. */
  conversation(person: string, before: string | null): Promise<MessagePage>;
  teams(): Promise<Team[]>;
  saveTeam(id: string, team: SetTeam): Promise<void>;
  removeTeam(id: string): Promise<void>;

  /** Says which of the lists that change every second somebody looks at. */
  showLive(board: boolean, directory: boolean): Promise<void>;
  addressBook(text: string): Promise<Entry[]>;
  saveEntry(id: string, entry: SetEntry): Promise<void>;
  removeEntry(id: string): Promise<void>;
  saveCallback(id: string, callback: SetCallback): Promise<void>;
  closeCallback(id: string, state: CallbackState): Promise<void>;
  callbacks(): Promise<Callback[]>;

  readonly recordings: Recordings;
  readonly rules: Rules;

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

  /** Changes some settings; the others stay as they are. */
  changeSettings(change: Partial<Settings>): Promise<void>;
  /** Asks the centre for updates of the program. */
  checkUpdate(): Promise<void>;
  /** Agrees to the update that is ready; the program ends for it. */
  installUpdate(when: Agreed): Promise<void>;
  dismissNotice(notice: number): Promise<void>;
  retryWrite(write: string): Promise<void>;
  discardWrite(write: string): Promise<void>;

  /** Shrinks the window to the strip alone, or back. */
  setCompact(on: boolean): Promise<void>;
  /** Ends the program, calls and all. */
  quit(): Promise<void>;
}
