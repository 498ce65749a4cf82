// Who sits here, and the one way to ask for an act.
export const desk = { person: "", role: "", purpose: 0, reason: "", host: "" };
export const purposes = [];

const KEPT = "lamppost-desk";
const LOG_LINES = 14;
const $ = (id) => document.getElementById(id);
let isSaying = false;
export const post = (path, body, keepalive = false) => fetch(path, {
  method: "POST", keepalive, headers: { "Content-Type": "application/json" },
  body: JSON.stringify(body),
});

async function take(wanted) {
  const answer = await post("/api/session", wanted);
  const told = await answer.json();
  if (!answer.ok) return told.error;
  Object.assign(desk, wanted);
  localStorage.setItem(KEPT, JSON.stringify(wanted));
  $("who").textContent = `${desk.person} · ${desk.role}`;
  drawBeside(told);
  return "";
}

// Who sits beside whom, and whose session ended because nobody did (C67).
function drawBeside({ guests, host, is_attended: isAttended, lost }) {
  let text = guests.length ? `beside you: ${guests.join(", ")}` : "";
  if (host) text = isAttended ? `beside ${host}` : `${host} is away: you may only stop`;
  if ($("beside").textContent !== text) $("beside").textContent = text;
  $("beside").dataset.state = isAttended ? "" : "down";
  for (const name of lost) logLine(`${name} is not beside you any more; what they moved was stopped`, "done");
}

// Says that this page is open; called with each word from the CMC, so a page that is cut off says nothing.
export async function sayHere() {
  if (!desk.person || isSaying) return;
  isSaying = true;
  try {
    const answer = await post("/api/here", {});
    if (answer.ok) drawBeside(await answer.json());
    else if (desk.role === "guest") standUp((await answer.json()).error);
    else await take({ ...desk });
  } catch { /* the page says by itself that the CMC is silent */ }
  isSaying = false;
}

// Nobody sits here: everything of the session is forgotten, and somebody may sit down.
function standUp(why) {
  localStorage.removeItem(KEPT);
  Object.assign(desk, { person: "", role: "", purpose: 0, reason: "", host: "" });
  $("who").textContent = "not signed in";
  drawBeside({ guests: [], host: "", is_attended: true, lost: [] });
  $("sign-in-error").textContent = why;
  if (!$("sign-in").open) $("sign-in").showModal();
}

export async function signIn() {
  const choices = await (await fetch("/api/choices")).json();
  purposes.push(...choices.purposes);
  for (const role of choices.roles) $("role").add(new Option(role, role));
  choices.purposes.forEach((text, index) => {
    $("purpose").add(new Option(`${index + 1}. ${text}`, index + 1));
  });
  const kept = JSON.parse(localStorage.getItem(KEPT) ?? "null");
  if (kept) {
    for (const name of ["person", "role", "purpose", "reason", "host"]) $(name).value = kept[name] ?? "";
    showHost();
    if (!(await take(kept))) return;
  }
  $("sign-in").showModal();
}

function showHost() {
  const isGuest = $("role").value === "guest";
  $("host-label").hidden = !isGuest;
  $("host").required = isGuest;
}

$("who").addEventListener("click", () => $("sign-in").showModal());
$("role").addEventListener("change", showHost);
$("leave").addEventListener("click", async () => {
  const { lost } = await (await post("/api/leave", {})).json();
  for (const name of lost) logLine(`${name} left with you; what they moved was stopped`, "done");
  standUp("");
});
addEventListener("pagehide", () => post("/api/away", {}, true));
$("sign-in").addEventListener("cancel", (event) => { if (!desk.person) event.preventDefault(); });
$("sign-in").querySelector("form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const error = await take({
    person: $("person").value.trim(), role: $("role").value,
    purpose: Number($("purpose").value), reason: $("reason").value.trim(),
    host: $("role").value === "guest" ? $("host").value.trim() : "",
  });
  $("sign-in-error").textContent = error;
  if (!error) $("sign-in").close();
});

// Asks a unit for an act; `line` is a line of the log to write the answer on, or a title for one.
export async function order(unit, act, args, line, press = 0) {
  const place = typeof line === "string" ? logLine(line) : line;
  const startMs = performance.now();
  let outcome;
  try {
    let answer = await post("/api/command", { unit, act, arguments: args, press }, true);
    // A guest whose operator left does not come back by themselves.
    if (answer.status === 401 && desk.person && desk.role !== "guest" && !(await take({ ...desk }))) {
      answer = await post("/api/command", { unit, act, arguments: args, press }, true);
    }
    outcome = await answer.json();
    if (answer.status === 401) standUp(outcome.error);
    if (outcome.error) outcome = { result: "refused", code: outcome.error, latency_ms: -1 };
  } catch {
    outcome = { result: "failed", code: "the CMC does not answer", latency_ms: -1 };
  }
  outcome.total_ms = Math.round(performance.now() - startMs);
  if (place) tell(place, outcome);
  return outcome;
}

export function logLine(title, result = "…") {
  const line = document.createElement("li");
  const when = document.createElement("time");
  when.textContent = new Date().toLocaleTimeString("en-GB");
  const verdict = document.createElement("span");
  verdict.textContent = result;
  line.append(when, `${title} – `, verdict);
  $("log").prepend(line);
  while ($("log").children.length > LOG_LINES) $("log").lastElementChild.remove();
  return line;
}

function tell(line, outcome) {
  const verdict = line.lastElementChild;
  // A refusal stays on the line: a later renewal of the same press must not hide it.
  if (verdict.className === "refused" && outcome.result === "done") return;
  if (outcome.code === "overtaken") return;
  verdict.className = outcome.result;
  line.dataset.result = outcome.result;
  line.dataset.code = outcome.code;
  const parts = [outcome.result];
  if (outcome.code) parts.push(outcome.code);
  if (outcome.clause) parts.push(outcome.clause);
  if (outcome.latency_ms >= 0) parts.push(`${outcome.latency_ms} ms`);
  verdict.textContent = parts.join(", ");
  verdict.title = `${outcome.remedy ?? ""} Page to answer: ${outcome.total_ms} ms`.trim();
  if (outcome.remedy && outcome.result !== "done") verdict.textContent += `. ${outcome.remedy}`;
}
