/** People, tickets and calls of the simulated centre, in the window's language. */
import type {
  Callback,
  CallRules,
  Catalog,
  Colleague,
  Contact,
  Customer,
  Device,
  Entry,
  MessagePage,
  NumberView,
  PastLeg,
  Person,
  Queue,
  RecordingPolicy,
  Team,
  Ticket,
  TicketSummary,
} from "../bindings";

export type Say = (zh: string, en: string) => string;

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

/** Ids that look like the centre's and stay the same from run to run. */
export const id = (n: number) => `00000000-0000-4000-8000-${String(n).padStart(12, "0")}`;

export const number = (
  display: string,
  region: string | null = null,
  kind: NumberView["kind"] = "mobile",
): NumberView => ({ display, full: null, kind, region });

/** A number as one who may not see it reads it. */
export const masked = (of: NumberView): NumberView => ({
  ...of,
  display: `${of.display.slice(0, 3)}****${of.display.slice(-4)}`,
  full: null,
});

export function people(say: Say): Person[] {
  return [
    { id: id(1), login: "zhouqian", name: say("周倩", "Zhou Qian"), role: "agent" },
    { id: id(2), login: "chenxiao", name: say("陈晓", "Chen Xiao"), role: "agent" },
    { id: id(3), login: "liuyang", name: say("刘洋", "Liu Yang"), role: "agent" },
    { id: id(4), login: "wujing", name: say("吴静", "Wu Jing"), role: "supervisor" },
    { id: id(5), login: "sunhao", name: say("孙浩", "Sun Hao"), role: "agent" },
    { id: id(6), login: "helei", name: say("何磊", "He Lei"), role: "agent" },
  ];
}

export function teams(say: Say): Team[] {
  return [
    {
      id: id(971),
      name: say("售后一组", "After-sales 1"),
      // The last one has left.
      agents: [id(1), id(2), id(3), id(99)],
      supervisors: [id(4)],
    },
    { id: id(972), name: say("售前组", "Sales"), agents: [id(5), id(6)], supervisors: [id(4)] },
  ];
}

/** As an administrator has decided. */
export function callRules(say: Say, now: number): CallRules {
  return {
    people: people(say).map((person, n) => ({
      person,
      policy: { auto_answer: n === 2, call_waiting: n === 0 },
    })),
    queues: queues(say, now).map(({ id, name }, n) => ({ id, name, auto_answer: n === 1 })),
  };
}

export function recordingPolicy(say: Say, now: number): RecordingPolicy {
  const [after, sales] = queues(say, now);
  const usual = { announce: true, class: "standard" };
  return {
    rules: [
      { queue: sales?.id ?? null, direction: null, mode: { kind: "share", percent: 20 }, ...usual },
      { queue: after?.id ?? null, direction: "inbound", mode: { kind: "all" }, ...usual },
      { queue: null, direction: null, mode: { kind: "on_demand" }, ...usual },
    ],
    classes: [
      { name: "standard", days: 180 },
      { name: say("合同", "contracts"), days: 1825 },
    ],
    refusal_digit: "9",
    agents_hear_own: true,
    calls_without_storage: true,
  };
}

/** What the first agent and somebody wrote to each other yesterday and the day before. */
export function conversation(
  say: Say,
  now: number,
  person: string,
  before: string | null,
): MessagePage {
  const names = people(say);
  const line = (n: number, mine: boolean, text: string, at: number) => ({
    id: id(n),
    from: mine ? id(1) : person,
    from_name: names.find((p) => p.id === (mine ? id(1) : person))?.name ?? "",
    to: mine ? person : id(1),
    text,
    contact: null,
    at,
  });
  const earlier = [
    line(961, false, say("今晚谁值班？", "Who is on duty tonight?"), now - 2 * DAY),
    line(962, true, say("我。", "Me."), now - 2 * DAY + MINUTE),
  ];
  const latest = [
    line(963, true, say("换货政策改了吗？", "Has the return policy changed?"), now - DAY),
    line(964, false, say("改了，见知识库。", "Yes, see the knowledge base."), now - DAY + MINUTE),
  ];
  return before === null ? { messages: latest, more: true } : { messages: earlier, more: false };
}

export function catalog(say: Say): Catalog {
  return {
    not_ready_reasons: [
      { id: "meeting", zh: "会议", en: "Meeting" },
      { id: "training", zh: "培训", en: "Training" },
      { id: "paperwork", zh: "整理资料", en: "Paperwork" },
    ],
    dispositions: [
      { id: "solved", zh: "已解决", en: "Solved" },
      { id: "ticket", zh: "已建工单", en: "Ticket opened" },
      { id: "callback", zh: "约定回电", en: "Call back" },
      { id: "complaint", zh: "投诉", en: "Complaint" },
      { id: "wrong_number", zh: "打错", en: "Wrong number" },
      { id: "no_answer", zh: "无人应答", en: "No answer" },
    ],
    ticket_types: [
      { id: "repair", zh: "退换维修", en: "Repair or return" },
      { id: "delivery", zh: "物流配送", en: "Delivery" },
      { id: "invoice", zh: "发票账单", en: "Invoice" },
      { id: "advice", zh: "使用咨询", en: "Advice" },
    ],
    help_reasons: [
      { id: "customer_angry", zh: "客户情绪激动", en: "Customer is upset" },
      { id: "knowledge", zh: "不清楚怎么处理", en: "Need advice" },
      { id: "authority", zh: "需要主管授权", en: "Needs approval" },
    ],
    people: people(say),
  };
}

export function queues(say: Say, now: number): Queue[] {
  return [
    { id: id(21), name: say("售后热线", "After-sales"), waiting: 3, longest_since: now - 42_000 },
    { id: id(22), name: say("售前咨询", "Sales"), waiting: 1, longest_since: now - 8_000 },
    { id: id(23), name: say("大客户专线", "Key accounts"), waiting: 0, longest_since: null },
  ];
}

export function customers(say: Say, now: number): Customer[] {
  const customer = (n: number, part: Partial<Customer>): Customer => ({
    id: id(100 + n),
    reference: `C-${100382 + n}`,
    name: "",
    company: "",
    title: "",
    email: "",
    wechat: "",
    numbers: [],
    tags: [],
    vip: false,
    note: "",
    created: now - 400 * DAY,
    updated: now - DAY,
    ...part,
  });
  return [
    customer(0, {
      name: say("李婷", "Li Ting"),
      company: say("杭州澄水科技", "Hangzhou Clearwater"),
      title: say("采购", "Purchasing"),
      wechat: "liting_cs",
      email: "liting@clearwater.example",
      numbers: [
        number("138****5678", say("浙江 杭州", "Hangzhou")),
        number("0571****2210", say("浙江 杭州", "Hangzhou"), "fixed"),
      ],
      tags: [say("净水器", "Purifier"), say("延保", "Warranty+")],
      vip: true,
      note: say(
        "周六上午方便上门，需提前一小时联系。",
        "Saturday mornings suit; call an hour ahead.",
      ),
    }),
    customer(1, {
      name: say("王建国", "Wang Jianguo"),
      company: say("南京北方机电", "Nanjing Northern Electric"),
      numbers: [number("139****0092", say("江苏 南京", "Nanjing"))],
      tags: [say("经销商", "Dealer")],
    }),
    customer(2, {
      name: say("赵敏", "Zhao Min"),
      numbers: [
        number("186****7731", say("广东 深圳", "Shenzhen")),
        number("0755****3312", say("广东 深圳", "Shenzhen"), "fixed"),
      ],
    }),
    customer(3, {
      name: "Chen Wei",
      company: "Lakeside Imports",
      email: "chen.wei@lakeside.example",
      numbers: [number("+65 **** 4410", say("新加坡", "Singapore"), "international")],
    }),
    customer(4, {
      name: say("孙浩", "Sun Hao"),
      company: say("成都锦程物流", "Chengdu Jincheng Logistics"),
      numbers: [number("028****6600", say("四川 成都", "Chengdu"), "fixed")],
    }),
  ];
}

export function tickets(say: Say, now: number): Ticket[] {
  const all = customers(say, now);
  const names = people(say);
  const ticket = (
    n: number,
    subject: string,
    part: Partial<TicketSummary>,
    description: string,
    comments: Ticket["comments"] = [],
  ): Ticket => {
    const customer = all[n % all.length] ?? null;
    const summary: TicketSummary = {
      id: id(200 + n),
      reference: `TK-${20418 + n}`,
      subject,
      ticket_type: "repair",
      priority: "normal",
      state: "open",
      customer: customer?.id ?? null,
      customer_name: customer?.name ?? null,
      assignee: names[0]?.id ?? null,
      assignee_name: names[0]?.name ?? null,
      created: now - DAY - n * 5 * HOUR,
      updated: now - 3 * HOUR - n * 7 * HOUR,
      ...part,
    };
    return { summary, description, contact: null, author_name: names[1]?.name ?? "", comments };
  };
  return [
    ticket(
      0,
      say("净水器滤芯漏水", "Filter cartridge leaks"),
      { priority: "high", state: "in_progress" },
      say(
        "客户反映更换滤芯后接口处渗水，批次 2610B。",
        "The joint seeps after the cartridge was replaced, batch 2610B.",
      ),
      [
        {
          id: id(301),
          author_name: names[2]?.name ?? "",
          text: say("已联系二线技术组，等待备件。", "Tier 2 is informed; waiting for the part."),
          at: now - 20 * HOUR,
        },
        {
          id: id(302),
          author_name: names[0]?.name ?? "",
          text: say(
            "客户同意周六上午上门。",
            "The customer agrees to a visit on Saturday morning.",
          ),
          at: now - 3 * HOUR,
        },
      ],
    ),
    ticket(
      1,
      say("发票抬头需要更正", "Invoice shows the wrong company"),
      { ticket_type: "invoice", state: "waiting" },
      say("抬头应为南京北方机电有限公司。", "It should read Nanjing Northern Electric Ltd."),
    ),
    ticket(
      2,
      say("物流三天未更新", "No delivery update for three days"),
      { ticket_type: "delivery", priority: "urgent" },
      say("单号 SF10443，停在中转站。", "Parcel SF10443 stays at the hub."),
    ),
    ticket(
      3,
      "Quote for 40 units",
      { ticket_type: "advice", priority: "low", state: "solved" },
      "Quote sent by e-mail.",
    ),
    ticket(
      5,
      say("延保登记", "Register extended warranty"),
      { ticket_type: "advice", state: "closed" },
      say("已登记至 2028 年。", "Registered until 2028."),
    ),
  ];
}

export function contact(part: Partial<Contact>): Contact {
  return {
    id: id(400),
    channel: "voice",
    direction: "inbound",
    state: "closed",
    queue: id(21),
    queue_name: null,
    number: number("138****5678"),
    customer: null,
    customer_name: null,
    agent: id(1),
    agent_name: null,
    created: 0,
    connected: null,
    ended: null,
    ended_by: null,
    end_reason: null,
    wrap_up_deadline: null,
    disposition_required: true,
    disposition: null,
    note: "",
    tickets: [],
    call: null,
    ...part,
  };
}

export function pastContacts(say: Say, now: number): Contact[] {
  return [
    contact({
      id: id(411),
      queue_name: say("售后热线", "After-sales"),
      agent_name: say("刘洋", "Liu Yang"),
      created: now - DAY - 2 * HOUR,
      connected: now - DAY - 2 * HOUR + 18_000,
      ended: now - DAY - 2 * HOUR + 6 * MINUTE,
      ended_by: "customer",
      disposition: "ticket",
      note: say(
        "滤芯换上去还是漏，要求派人查看。",
        "The new cartridge still leaks, wants someone to look.",
      ),
    }),
    contact({
      id: id(412),
      direction: "outbound",
      queue: null,
      agent_name: say("周倩", "Zhou Qian"),
      created: now - 22 * DAY,
      connected: now - 22 * DAY + 9_000,
      ended: now - 22 * DAY + 259_000,
      ended_by: "agent",
      disposition: "solved",
      note: say("回访：满意度 5。", "Follow-up: satisfaction 5."),
    }),
    contact({
      id: id(413),
      state: "abandoned",
      queue_name: say("售后热线", "After-sales"),
      agent: null,
      created: now - 23 * DAY,
      ended: now - 23 * DAY + 71_000,
      ended_by: "customer",
    }),
  ];
}

export function colleagues(say: Say, now: number): Colleague[] {
  const teams = [say("售后一组", "After-sales 1"), say("售前组", "Sales")];
  const doing: Colleague["presence"][] = [
    { kind: "ready" },
    { kind: "ready" },
    { kind: "wrap_up" },
    { kind: "not_ready", reason: "meeting" },
    { kind: "busy" },
    { kind: "offline" },
  ];
  return people(say).map((person, n) => {
    const presence = doing[n % doing.length] ?? { kind: "offline" as const };
    return {
      person,
      team: teams[n % 2] ?? null,
      presence,
      since: now - (n + 1) * 47_000,
      callable: presence.kind !== "busy" && presence.kind !== "offline",
    };
  });
}

export function addressBook(say: Say, now: number): Entry[] {
  const entry = (n: number, name: string, display: string, note: string, shared: boolean) => ({
    id: id(950 + n),
    name,
    number: { ...number(display, null, "fixed"), full: display },
    note,
    shared,
    updated: now - n * DAY,
  });
  return [
    entry(1, say("物流调度", "Delivery desk"), "02886660000", say("24 小时", "24 hours"), true),
    entry(2, say("备件仓库", "Spare parts"), "05718822100", "", true),
    entry(3, say("法务 · 林律师", "Legal · Ms Lin"), "01065550100", "", true),
    entry(4, say("张师傅（杭州上门）", "Zhang, visits Hangzhou"), "13700001111", "", false),
  ];
}

export function callbacks(say: Say, now: number): Callback[] {
  const promise = (n: number, at: number, note: string, state: Callback["state"]): Callback => ({
    id: id(970 + n),
    agent: id(1),
    customer: id(100 + n),
    customer_name: customers(say, now)[n]?.name ?? null,
    number: customers(say, now)[n]?.numbers.at(-1) ?? number("138****0000"),
    at,
    note,
    state,
  });
  return [
    promise(2, now - 2 * MINUTE, say("物流投诉 TK-20420", "Delivery complaint TK-20420"), "due"),
    promise(1, now + 40 * MINUTE, say("发票抬头", "Invoice title"), "waiting"),
    promise(4, now + 20 * HOUR, "", "waiting"),
  ];
}

export function pastLegs(say: Say, now: number): PastLeg[] {
  const leg = (part: Partial<PastLeg> & Pick<PastLeg, "role">): PastLeg => ({
    watch: null,
    name: null,
    number: null,
    began: now - DAY,
    connected: now - DAY + 9_000,
    ended: now - DAY + 5 * MINUTE,
    end: "hung_up",
    note: "",
    ...part,
  });
  return [
    leg({ role: "customer", name: say("李婷", "Li Ting"), number: number("138****5678") }),
    leg({
      role: "agent",
      name: say("陈晓", "Chen Xiao"),
      end: "transferred",
      note: say("请二线看一下", "For tier 2"),
    }),
    leg({ role: "colleague", name: say("刘洋", "Liu Yang"), end: "hung_up" }),
    leg({ role: "colleague", name: say("吴静", "Wu Jing"), watch: "coach", end: "left" }),
  ];
}

export function devices(): Device[] {
  return [
    { id: "in-jabra", name: "Jabra Evolve2 65", input: true, is_default: true },
    { id: "in-web", name: "HD Webcam C920", input: true, is_default: false },
    { id: "out-jabra", name: "Jabra Evolve2 65", input: false, is_default: true },
    { id: "out-board", name: "Realtek Audio", input: false, is_default: false },
  ];
}
