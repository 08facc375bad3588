// What the page does with the events of the server: each is a whole picture, as picturing.py makes it.
//
// Feed    the stream of events: opened again when it breaks, closed while nobody looks
// show    one picture to the page
//
// Every text goes through textContent: names and requests are whatever somebody chose, and stay text.

import { Spark, count, percent, rate, seconds, size } from "./drawing.js";

const SPAN = 120; // seconds of history, as many as the server keeps
const FIRST = 30; // and as many as are shown while there is less
const $ = (id) => document.getElementById(id);

function write(node, text) { // only what changes: a selection and a screen reader stay where they are
  if (node.textContent !== text) node.textContent = text;
}

// ------------------------------------------------------------------------------------------------ the stream

class Feed {
  static AGAIN = 1000; // milliseconds until a broken stream is tried again
  static PATIENCE = 5000; // milliseconds without an event after which a stream counts as broken

  constructor(show, tell) {
    Object.assign(this, { show, tell, source: null, timer: 0, paused: false });
    document.addEventListener("visibilitychange", () => this.decide());
    addEventListener("pagehide", () => this.close());
    addEventListener("pageshow", () => this.decide());
    this.decide();
  }

  pause(paused) {
    this.paused = paused;
    this.decide();
  }

  decide() { // open or closed, as it should be now
    if (this.paused || document.hidden) {
      this.close();
      this.tell(this.paused ? "paused" : "hidden");
    } else if (this.source === null) {
      this.open();
    }
  }

  open() {
    this.close();
    this.tell("connecting");
    this.source = new EventSource("events");
    this.source.onmessage = (event) => {
      this.expect();
      this.tell("live");
      this.show(JSON.parse(event.data));
    };
    this.source.onerror = () => this.retry(); // also where the browser would try by itself: it gives up on some errors
    this.expect();
  }

  expect() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.retry(), Feed.PATIENCE);
  }

  retry() {
    this.close();
    this.tell("lost");
    this.timer = setTimeout(() => this.open(), Feed.AGAIN);
  }

  close() {
    clearTimeout(this.timer);
    this.source?.close();
    this.source = null;
  }
}

const STATES = { connecting: "connecting", live: "live", paused: "paused", hidden: "paused", lost: "reconnecting" };

function tell(state) {
  write($("status"), STATES[state]);
  $("status").dataset.state = state;
  document.body.classList.toggle("stale", state !== "live");
}

// ------------------------------------------------------------------------------------------------ rates

let before = null; // the picture before this one, when their counts can be compared
let known = { held: [], busy: [] }; // what the server does not keep, for as long as this page is open

// What makes counts comparable: the same process, and the same counting in it.
const epoch = (picture) => [picture.pid, picture.began, picture.counting?.watch].join();

function* flatten(deeds, depth = 0) {
  for (const deed of deeds) {
    yield [deed, depth];
    if (deed.deeds) yield* flatten(deed.deeds, depth + 1);
  }
}

function compare(picture) { // a function that tells how much a number grew, each second
  const span = picture.counting.elapsed - (before?.counting.elapsed ?? 0);
  if (span < 0.05) return () => null; // counting has just begun: too short a time to tell a rate from
  return (now, then) => (now === null || now === undefined ? null : Math.max(0, now - (then ?? 0)) / span);
}

// ------------------------------------------------------------------------------------------------ the page

const sparks = {
  requests: new Spark($("requests").querySelector(".spark"), { names: ["requests", "failed"], format: rate, least: 1 }),
  latency: new Spark($("latency").querySelector(".spark"), { names: ["median", "tail"], format: seconds, wide: true }),
  held: new Spark($("held").querySelector(".spark"), { names: ["held"], format: count, least: 1 }),
  busy: new Spark($("busy").querySelector(".spark"), { names: ["busy"], format: percent, least: 0.1, most: 1 }),
};

function figure(id, text, aside, wrong = "") {
  write($(id).querySelector("output"), text);
  write($(id).querySelector(".said"), aside);
  write($(id).querySelector(".wrong"), wrong);
}

let shown = null; // process and version that the page shows
let version = null;

function show(picture) {
  version ??= picture.hio;
  if (version !== picture.hio) { // the server was upgraded: so should this page be
    location.reload();
    return;
  }
  if (shown !== `${picture.pid},${picture.began}`) { // another process: nothing of the last one belongs here
    shown = `${picture.pid},${picture.began}`;
    known = { held: [], busy: [] };
    clearLog();
  }
  if (before && epoch(before) !== epoch(picture)) before = null;
  const per = compare(picture);
  showHead(picture);
  showFigures(picture, per);
  showDoers(picture, per);
  showServers(picture);
  showConnections(picture);
  showLog(picture.log);
  before = picture;
}

function showHead(picture) {
  const { doist } = picture;
  const name = picture.name || doist.name;
  const held = sparks.requests.curves[0]?.at(-1);
  document.title = held ? `${rate(held)}/s · ${name}` : `${name} · hio live`;
  write($("name"), name);
  write($("tyme"), (doist.tyme ?? 0).toFixed(3));
  const pace = doist.real ? "real time" : "as fast as it goes";
  write($("facts"), `hio ${picture.hio} · pid ${picture.pid} · tock ${doist.tock} s · ${pace}`);
}

function showFigures(picture, per) {
  const { counting } = picture;
  const column = (index) => counting.pulse.map((line) => line[index]);
  const last = counting.pulse.at(-1) ?? [null];
  const span = Math.max(FIRST, Math.min(SPAN, Math.max(counting.pulse.length, known.held.length + 1)));
  sparks.requests.draw([column(0), column(1).map((failed) => failed || null)], span);
  sparks.latency.draw([column(2), column(3)], span);
  const failed = counting.failed > 0 ? `${count(counting.failed)} failed` : "";
  figure("requests", rate(last[0]), `${count(counting.count)} in ${seconds(counting.elapsed)} `, failed);
  const latest = counting.pulse.findLast((line) => line[2] !== null) ?? []; // where no request ends, none has a latency
  figure("latency", seconds(latest[2]), latest.length ? `99 % within ${seconds(latest[3])}` : "no request yet");

  const states = {};
  for (const server of picture.servers) {
    for (const [state, number] of Object.entries(server.states)) states[state] = (states[state] ?? 0) + number;
  }
  const open = Object.values(states).reduce((sum, number) => sum + number, 0);
  remember(known.held, open);
  sparks.held.draw([known.held], span);
  const flow = `${size(per(counting.rx, before?.counting.rx))}/s in, ${size(per(counting.tx, before?.counting.tx))}/s out`;
  figure("held", count(open), flow);

  const turns = [...flatten(picture.deeds)].reduce((sum, [deed]) => sum + (deed.count ?? 0), 0);
  const busy = per(counting.busy, before?.counting.busy);
  const began = before ? [...flatten(before.deeds)].reduce((sum, [deed]) => sum + (deed.count ?? 0), 0) : 0;
  remember(known.busy, busy);
  sparks.busy.draw([known.busy], span);
  figure("busy", percent(busy), `${rate(per(turns, began))} turns per second`);
}

function remember(values, value) {
  values.push(value);
  if (values.length > SPAN) values.shift();
}

// Keyed rows: each stays the same element for as long as what it shows is there.
class Rows {
  constructor(body, make) {
    Object.assign(this, { body, make, rows: new Map() });
  }

  show(items, key, fill) {
    const keys = new Set();
    let next = this.body.firstElementChild;
    for (const item of items) {
      const name = key(item);
      keys.add(name);
      let row = this.rows.get(name);
      if (!row) {
        row = this.make(name);
        this.rows.set(name, row);
      }
      fill(row, item);
      if (row === next) next = row.nextElementSibling;
      else this.body.insertBefore(row, next);
    }
    for (const [name, row] of this.rows) {
      if (!keys.has(name)) {
        row.remove();
        this.rows.delete(name);
      }
    }
  }
}

function element(tag, name = "", ...children) {
  const node = document.createElement(tag);
  if (name) node.className = name;
  node.append(...children);
  return node;
}

function cells(row, names) { // name: of the class; before, after: what is said with it where there is no room for a head
  for (const [name, before = "", after = ""] of names) {
    const cell = element("td", `number ${name}`);
    cell.dataset.before = before;
    cell.dataset.after = after;
    row.append(cell);
  }
}

// Doers

const folded = new Set(); // keys of the schedulers whose doers are not shown

const doers = new Rows($("doers"), (key) => {
  const fold = element("button", "fold");
  fold.type = "button";
  fold.addEventListener("click", () => {
    if (!folded.delete(key)) folded.add(key);
    if (before) showDoers(before, null);
  });
  const name = element("th", "name", fold, element("span", "dot"), element("span", "called"), element("span", "kind"));
  name.scope = "row";
  const row = element("tr", "", name);
  cells(row, [
    ["tock", "tock"], ["next", "next"], ["turns", "", "turns"], ["rate", "", "/s"], ["time", "ran"], ["share"],
  ]);
  row.querySelector(".share").append(element("span", "bar"), element("span", "value"));
  return row;
});

function showDoers(picture, per) {
  const earlier = new Map(before ? [...flatten(before.deeds)].map(([deed]) => [deed.key, deed]) : []);
  const visible = [];
  const walk = (deeds, depth) => {
    for (const deed of deeds) {
      visible.push([deed, depth]);
      if (deed.deeds && !folded.has(deed.key)) walk(deed.deeds, depth + 1);
    }
  };
  walk(picture.deeds, 0);
  doers.show(visible, ([deed]) => deed.key, (row, [deed, depth]) => {
    fillDoer(row, deed, depth);
    if (per) {
      const then = earlier.get(deed.key);
      write(row.querySelector(".rate"), ended(deed) ? "" : rate(per(deed.count, then?.count)));
      const share = per(deed.spent, then?.spent);
      write(row.querySelector(".value"), ended(deed) ? "" : percent(share));
      row.querySelector(".bar").style.width = `${100 * Math.min(1, share ?? 0)}%`;
    }
  });
  const all = [...flatten(picture.deeds)].map(([deed]) => deed);
  const hidden = all.reduce((sum, deed) => sum + deed.more, picture.moreDeeds);
  const running = all.filter((deed) => !ended(deed)).length;
  write($("doers-note"), `${count(running + hidden)} running${hidden ? `, ${count(hidden)} not shown` : ""}`);
}

const ended = (deed) => deed.done !== null;

function fillDoer(row, deed, depth) {
  row.className = ended(deed) ? "ended" : deed.state;
  row.style.setProperty("--depth", depth);
  const fold = row.querySelector(".fold");
  const open = !folded.has(deed.key);
  fold.classList.toggle("none", !deed.deeds?.length);
  fold.setAttribute("aria-expanded", String(open));
  fold.setAttribute("aria-label", `${open ? "Fold" : "Unfold"} ${deed.name}`);
  row.querySelector(".dot").title = deed.state;
  write(row.querySelector(".called"), deed.name);
  const plain = [deed.name, "function", "method"].includes(deed.kind); // which says nothing that is not there already
  const kind = [!plain && deed.kind, deed.place && `at ${deed.place}`, deed.more && `+${deed.more}`];
  write(row.querySelector(".kind"), kind.filter(Boolean).join(" "));
  row.querySelector(".name").title = `${deed.name} ${kind.filter(Boolean).join(" ")}`;
  write(row.querySelector(".tock"), ended(deed) ? "" : deed.tock === null ? "–" : String(Number(deed.tock.toPrecision(6))));
  write(row.querySelector(".next"), ended(deed) ? (deed.done ? "done" : deed.state) : when(deed));
  write(row.querySelector(".turns"), ended(deed) ? "" : count(deed.count));
  write(row.querySelector(".time"), ended(deed) ? "" : seconds(deed.spent));
}

function when(deed) {
  if (deed.state === "ready") return "each pass";
  return deed.next === null ? "when woken" : deed.next.toFixed(3);
}

// Servers and connections

const servers = new Rows($("servers"), () => element("li", "",
  element("span", "called"), element("span", "where"), element("span", "states"),
));

function showServers(picture) {
  const numbered = picture.servers.map((server, index) => [server, index]);
  servers.show(numbered, ([server, index]) => `${index} ${server.where}`, (row, [server]) => {
    write(row.querySelector(".called"), server.name);
    write(row.querySelector(".where"), `${server.scheme} ${server.where}`);
    const states = Object.entries(server.states).map(([state, number]) => `${count(number)} ${state}`);
    const news = server.retiring ? ["retiring"] : server.open ? [] : ["closed"];
    write(row.querySelector(".states"), [...news, ...states].join(", ") || "no connections");
  });
}

const connections = new Rows($("connections"), () => {
  const peer = element("th", "name");
  peer.scope = "row";
  const row = element("tr", "", peer, element("td", "state", element("span", "pill")), element("td", "request"));
  cells(row, [
    ["age", "age"], ["quiet", "quiet"], ["in", "in"], ["out", "out"], ["queued", "queued"],
  ]);
  return row;
});

function showConnections(picture) {
  connections.show(picture.connections, (each) => `${each.server} ${each.peer}`, (row, each) => {
    write(row.querySelector(".name"), each.peer);
    const pill = row.querySelector(".pill");
    write(pill, each.state);
    pill.dataset.state = each.state;
    write(row.querySelector(".request"), each.request);
    row.querySelector(".request").title = each.request;
    write(row.querySelector(".age"), seconds(each.age));
    write(row.querySelector(".quiet"), seconds(each.still));
    write(row.querySelector(".in"), size(each.rx));
    write(row.querySelector(".out"), size(each.tx));
    write(row.querySelector(".queued"), size(each.txWait));
  });
  const { length } = picture.connections;
  const more = picture.moreConnections;
  write($("connections-note"), more ? `${count(length)} of ${count(length + more)}` : `${count(length)}`);
}

// The log

const LINES = 200;
let serial = 0;
let following = true; // at the end of the log, and to be kept there

$("log").addEventListener("scroll", () => {
  const { scrollHeight, scrollTop, clientHeight } = $("log");
  following = scrollHeight - scrollTop - clientHeight < 8;
});
new ResizeObserver(follow).observe($("log")); // lines wrap otherwise in another width

function follow() {
  if (following) $("log").scrollTop = $("log").scrollHeight;
}

function clearLog() {
  serial = 0;
  $("log").replaceChildren();
}

function message(text) { // of several lines, a traceback: its first and its last, the others on demand
  const lines = text.trimEnd().split("\n");
  if (lines.length < 3) return element("span", "text", text);
  const summary = element("summary", "text", `${lines[0]} – ${lines.at(-1)}`);
  return element("details", "", summary, element("div", "text", lines.slice(1).join("\n")));
}

function showLog(lines) {
  const list = $("log");
  for (const line of lines) {
    if (line.serial <= serial) continue; // sent again by a new stream
    serial = line.serial;
    const time = new Date(1000 * line.wall);
    const stamp = element("time", "", time.toLocaleTimeString("en-GB"));
    stamp.dateTime = time.toISOString();
    const row = element("li", "", stamp, element("span", "level", line.level), message(line.text));
    row.dataset.level = line.level;
    list.append(row);
  }
  while (list.childElementCount > LINES) list.firstElementChild.remove();
  follow();
  write($("log-note"), serial ? `${count(serial)} line${serial === 1 ? "" : "s"} so far` : "nothing logged yet");
}

// ------------------------------------------------------------------------------------------------ begin

const feed = new Feed(show, tell);

$("pause").addEventListener("click", () => {
  const paused = !feed.paused;
  $("pause").setAttribute("aria-pressed", String(paused));
  write($("pause"), paused ? "Go on" : "Pause");
  feed.pause(paused);
});
