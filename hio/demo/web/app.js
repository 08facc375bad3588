// The notebook page: asks /api/notes for the notes, adds and deletes, and shows each exchange in the wire panel.
// Text from the server only ever becomes textContent.

const API = "/api/notes";
const LIMIT = 280; // characters of a note; the server has the last word
const SHOWN = 8; // exchanges in the panel

const find = (id) => document.getElementById(id);
const composer = find("composer"), text = find("text"), add = find("add"), notes = find("notes");
const exchanges = find("exchanges");

// One request. Answers {ok, status, data}; a network failure has status 0.
async function ask(method, path, body) {
  const options = { method, headers: { Accept: "application/json" } };
  if (body !== undefined) {
    options.headers["Content-Type"] = "application/json";
    options.body = JSON.stringify(body);
  }
  const began = performance.now();
  let result;
  try {
    const reply = await fetch(path, options);
    const content = await reply.text();
    result = { ok: reply.ok, status: reply.status, reason: reply.statusText, data: parse(content) };
  } catch {
    result = { ok: false, status: 0, reason: "", data: null };
  }
  const took = timeOf(path) ?? performance.now() - began;
  showExchange(method, path, result, took);
  showPulse(result, took);
  return result;
}

// From the first byte of the request to the last of the answer, without what the browser did before.
function timeOf(path) {
  const entry = performance.getEntriesByName(new URL(path, location).href, "resource").at(-1);
  performance.clearResourceTimings();
  return entry?.requestStart ? entry.responseEnd - entry.requestStart : undefined;
}

function parse(content) {
  try {
    return JSON.parse(content);
  } catch {
    return null;
  }
}

function showExchange(method, path, { status, reason }, took) {
  const item = find("exchange-template").content.firstElementChild.cloneNode(true);
  item.querySelector(".method").textContent = method;
  item.querySelector(".path").textContent = path;
  item.querySelector(".path").title = path;
  const answer = item.querySelector(".answer");
  answer.title = reason;
  answer.querySelector(".code").textContent = status || "no answer";
  answer.querySelector(".reason").textContent = reason;
  answer.dataset.kind = String(status)[0];
  item.querySelector(".took").textContent = `${took.toFixed(1)} ms`;
  exchanges.prepend(item);
  while (exchanges.children.length > SHOWN) exchanges.lastElementChild.remove();
}

function showPulse({ status }, took) {
  find("pulse").dataset.state = status ? "good" : "wrong";
  find("pulse-text").textContent = status ? `answers in ${took.toFixed(1)} ms` : "no answer";
}

// Problems are shown where one types, in the server's own words.
function showProblem({ status, data }, onRetry) {
  const silent = status === 0;
  const title = silent ? "The server does not answer." : data?.title ?? `The server answered ${status}.`;
  find("problem-title").textContent = /[.!?]$/.test(title) ? title : `${title}.`;
  find("problem-text").textContent = silent ? "Is hio demo still running?" : data?.description ?? "";
  find("retry").hidden = !onRetry;
  find("retry").onclick = onRetry ?? null;
  find("problem").hidden = false;
}

function clearProblem() {
  find("problem").hidden = true;
  text.removeAttribute("aria-invalid");
}

function say(words) {
  find("status").textContent = words;
}

// The list
function makeNote({ number, text: words }) {
  const item = find("note-template").content.firstElementChild.cloneNode(true);
  item.dataset.number = number;
  item.querySelector(".number").textContent = `#${number}`;
  item.querySelector(".note-text").textContent = words;
  const button = item.querySelector(".delete");
  button.setAttribute("aria-label", `Delete note ${number}: ${words}`);
  button.title = "Delete";
  button.addEventListener("click", () => remove(item, button));
  return item;
}

function showTally() {
  const count = notes.children.length;
  find("tally").textContent = count || "";
  find("empty").hidden = count > 0;
}

async function load() {
  const result = await ask("GET", API);
  if (!result.ok || !Array.isArray(result.data?.notes)) {
    showProblem(result, load);
    return;
  }
  clearProblem();
  notes.replaceChildren(...result.data.notes.map(makeNote));
  showTally();
}

async function remove(item, button) {
  if (button.getAttribute("aria-disabled")) return;
  button.setAttribute("aria-disabled", "true");
  const { number } = item.dataset;
  const result = await ask("DELETE", `${API}/${number}`);
  if (!result.ok && result.status !== 404) { // 404: somebody else was faster, gone is gone
    button.removeAttribute("aria-disabled");
    showProblem(result);
    return;
  }
  clearProblem();
  const next = item.nextElementSibling ?? item.previousElementSibling;
  const focused = item.contains(document.activeElement);
  item.remove();
  showTally();
  say(`Note ${number} deleted`);
  if (focused) (next?.querySelector(".delete") ?? text).focus();
}

// The composer
const length = (words) => [...words.trim().replace(/\s+/g, " ")].length; // characters, as the server counts them

function showCount() {
  const left = LIMIT - length(text.value);
  const count = find("count");
  count.textContent = left < 0 ? `${-left} too many` : `${left} left`;
  count.classList.toggle("over", left < 0);
}

async function submit() {
  if (add.getAttribute("aria-disabled")) return;
  add.setAttribute("aria-disabled", "true");
  const sent = text.value;
  const result = await ask("POST", API, { text: sent });
  add.removeAttribute("aria-disabled");
  if (!result.ok) {
    showProblem(result);
    if (result.status === 422) text.setAttribute("aria-invalid", "true");
    text.focus();
    return;
  }
  clearProblem();
  const item = makeNote(result.data);
  item.classList.add("fresh");
  notes.prepend(item);
  if (text.value === sent) text.value = ""; // else one typed on while the request was under way
  showCount();
  showTally();
  say(`Note ${result.data.number} added`);
  text.focus();
}

composer.addEventListener("submit", (event) => {
  event.preventDefault();
  submit();
});
text.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    submit();
  }
});
text.addEventListener("input", () => {
  showCount();
  clearProblem();
});

// The curl line
find("curl").textContent = `curl ${location.origin}${API}`;
find("copy").addEventListener("click", async () => {
  try {
    await navigator.clipboard.writeText(find("curl").textContent);
    find("copy").textContent = "Copied";
  } catch { // no permission, or no secure origin: select it, so that the keyboard can copy
    getSelection().selectAllChildren(find("curl"));
    find("copy").textContent = "Selected";
  }
});

showCount();
load();
