/** The port to the real desk, through the shell's generated commands and events. */
import { commands, events, type Failure } from "./bindings";
import { DeskFailure, type Desk } from "./port";

type Answer<T> = { status: "ok"; data: T } | { status: "error"; error: Failure };

/** The answer, or the failure as an exception. */
async function take<T>(answer: Promise<Answer<T>>): Promise<T> {
  const result = await answer;
  if (result.status === "error") throw new DeskFailure(result.error);
  return result.data;
}

async function run(answer: Promise<Answer<null>>): Promise<void> {
  await take(answer);
}

/** A WAV file that came as Base64. */
function wav(base64: string): Blob {
  const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  return new Blob([bytes], { type: "audio/wav" });
}

export function tauriDesk(): Desk {
  return {
    async subscribe(onView) {
      // Listen first and ask second, so that no change falls between the two.
      const stop = await events.deskViewChanged.listen(({ payload }) => onView(payload));
      onView(await commands.view());
      return stop;
    },
    levels: (onLevels) => events.levelsChanged.listen(({ payload }) => onLevels(payload)),
    live: (onLive) => events.liveChanged.listen(({ payload }) => onLive(payload)),
    requests: (onRequest) => events.quitRequested.listen(() => onRequest("confirm_quit")),

    checkCentre: (url, trust) => take(commands.checkCentre(url, trust)),
    setUpCentre: (request) => run(commands.setUpCentre(request)),
    remembered: () => commands.remembered(),
    signIn: (request) => run(commands.signIn(request)),
    signInSso: (request) => run(commands.signInSso(request)),
    openSsoPage: () => run(commands.openSsoPage()),
    cancelSso: async () => {
      await commands.cancelSso();
    },
    signOut: () => run(commands.signOut()),
    setPresence: (choice) => run(commands.setPresence(choice)),

    dial: (target) => run(commands.dial(target)),
    answer: () => run(commands.answer()),
    decline: () => run(commands.decline()),
    hangUp: () => run(commands.hangUp()),
    setMuted: (muted) => run(commands.setMuted(muted)),
    setHeld: (held) => run(commands.setHeld(held)),
    sendDigits: (digits) => run(commands.sendDigits(digits)),
    dismissDialRequest: () => commands.dismissDialRequest(),

    consult: (contact, reach) => run(commands.consult(contact, reach)),
    transfer: (contact, reach) => run(commands.transfer(contact, reach)),
    completeTransfer: (contact, completion) => run(commands.completeTransfer(contact, completion)),
    swap: (contact) => run(commands.swap(contact)),
    merge: (contact) => run(commands.merge(contact)),
    leave: (contact) => run(commands.leave(contact)),
    editParty: (contact, party, edit) => run(commands.editParty(contact, party, edit)),
    dropParty: (contact, party) => run(commands.dropParty(contact, party)),
    park: (contact) => run(commands.park(contact)),
    pickUp: (slot) => run(commands.pickUp(slot)),
    askHelp: (contact, request) => run(commands.askHelp(contact, request)),
    withdrawHelp: (contact) => run(commands.withdrawHelp(contact)),
    pastLegs: (contact) => take(commands.pastLegs(contact)),
    watchContact: (contact, mode) => run(commands.watchContact(contact, mode)),
    stopWatching: (contact) => run(commands.stopWatching(contact)),
    takeOver: (contact) => run(commands.takeOver(contact)),
    followAgent: (agent, follow) => run(commands.followAgent(agent, follow)),
    forcePresence: (agent, forced) => run(commands.forcePresence(agent, forced)),
    forceSignOut: (agent, forced) => run(commands.forceSignOut(agent, forced)),
    sendMessage: (person, text, contact) => take(commands.sendMessage(person, text, contact)),
    conversation: (person, before) => take(commands.conversation(person, before)),
    teams: () => take(commands.teams()),
    saveTeam: (id, team) => run(commands.saveTeam(id, team)),
    removeTeam: (id) => run(commands.removeTeam(id)),

    showLive: (board, directory) => run(commands.showLive(board, directory)),
    addressBook: (text) => take(commands.addressBook(text)),
    saveEntry: (id, entry) => run(commands.saveEntry(id, entry)),
    removeEntry: (id) => run(commands.removeEntry(id)),
    saveCallback: (id, callback) => run(commands.saveCallback(id, callback)),
    closeCallback: (id, state) => run(commands.closeCallback(id, state)),
    callbacks: () => take(commands.callbacks()),

    recordings: {
      steer(contact, what, reason) {
        if (what === "pause") return run(commands.pauseRecording(contact, reason));
        if (what === "resume") return run(commands.resumeRecording(contact));
        if (what === "start") return run(commands.startRecording(contact));
        return run(commands.stopRecording(contact));
      },
      queues: () => take(commands.queues()),
      find: (filter) => take(commands.recordings(filter)),
      open: (recording) => take(commands.recording(recording)),
      hear: async (recording, from, until) =>
        wav(await take(commands.hearRecording(recording, Math.round(from), Math.round(until)))),
      edit: (recording, edit) => run(commands.editRecording(recording, edit)),
      scoreForms: () => take(commands.scoreForms()),
      addScoreForm: (form) => run(commands.createScoreForm(form)),
      scorecards: (recording) => take(commands.scorecards(recording)),
      saveScorecard: (recording, card, save) => run(commands.saveScorecard(recording, card, save)),
      reply: (card, reply) => run(commands.replyToScorecard(card, reply)),
      calibration: (recording, form) => take(commands.calibration(recording, form)),
    },

    rules: {
      calls: () => take(commands.callRules()),
      setPerson: (person, policy) => run(commands.setCallPolicy(person, policy)),
      setQueue: (queue, auto_answer) => run(commands.editQueue(queue, { auto_answer })),
      recording: () => take(commands.recordingPolicy()),
      setRecording: (policy) => take(commands.setRecordingPolicy(policy)),
    },

    saveNote: (note) => run(commands.saveNote(note)),
    finishWrapUp: (contact) => run(commands.finishWrapUp(contact)),
    extendWrapUp: (contact, seconds) => run(commands.extendWrapUp(contact, seconds)),
    linkCustomer: (contact, customer) => run(commands.linkCustomer(contact, customer)),

    searchCustomers: (query) => take(commands.searchCustomers(query)),
    customerCard: (customer) => take(commands.customerCard(customer)),
    timeline: (customer) => take(commands.timeline(customer)),
    createCustomer: (customer) => run(commands.createCustomer(customer)),
    editCustomer: (customer, edit) => run(commands.editCustomer(customer, edit)),
    revealNumbers: (customer, reason) => take(commands.revealNumbers(customer, reason)),

    tickets: (filter) => take(commands.tickets(filter)),
    ticket: (ticket) => take(commands.ticket(ticket)),
    saveDraft: (draft) => run(commands.saveDraft(draft)),
    discardDraft: (ticket) => run(commands.discardDraft(ticket)),
    createTicket: (ticket) => run(commands.createTicket(ticket)),
    editTicket: (ticket, edit) => run(commands.editTicket(ticket, edit)),
    commentTicket: (ticket, text) => run(commands.commentTicket(ticket, text)),

    refreshDevices: () => run(commands.refreshDevices()),
    selectDevices: (selection) => run(commands.selectDevices(selection)),
    setProcessing: (processing) => run(commands.setProcessing(processing)),
    testSpeaker: () => run(commands.testSpeaker()),
    testRinger: () => run(commands.testRinger()),
    setMeter: (on) => run(commands.setMeter(on)),

    changeSettings: ({
      language = null,
      theme = null,
      hotkeys = null,
      notify = null,
      autostart = null,
      link_handler = null,
    }) =>
      run(
        commands.changeSettings({
          language,
          theme,
          hotkeys,
          notify,
          autostart,
          link_handler,
        }),
      ),
    checkUpdate: () => run(commands.checkUpdate()),
    installUpdate: (when) => run(commands.installUpdate(when)),
    dismissNotice: (notice) => commands.dismissNotice(notice),
    retryWrite: (write) => run(commands.retryWrite(write)),
    discardWrite: (write) => run(commands.discardWrite(write)),

    setCompact: (on) => commands.setWindowMode(on ? "compact" : "full"),
    quit: () => commands.quit(),
  };
}
