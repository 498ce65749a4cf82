// Requests for footage: asking, looking, reviewing and taking back. The server decides; this page shows.
import { signed } from "/assets/signing.js";
import { drawUrgent } from "/assets/urgent.js";

const $ = (id) => document.getElementById(id);
const KEPT = "lamppost-evidence";
const field = (root, name) => root.querySelector(`[data-field="${name}"]`);
const iso = (utcMs) => new Date(utcMs).toISOString().replace(".000Z", "Z");
let choices = { purposes: [], roles: [], cameras: [], has_roster: false };

function tell(text, isBad = false) {
  $("answer").hidden = !text;
  $("answer").className = isBad ? "bad" : "";
  $("answer").textContent = text;
}

async function act(what) {
  const who = { person: $("person").value.trim(), role: $("role").value };
  localStorage.setItem(KEPT, JSON.stringify(who));
  try {
    const body = await signed(JSON.stringify({ ...what, ...who }), $("person-key").files[0], $("workstation-key").files[0]);
    const answer = await fetch("/api/evidence", {
      method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body),
    });
    const told = await answer.json();
    if (told.error) tell(`Refused${told.clause ? ` (${told.clause})` : ""}: ${told.error}`, true);
    return told.error ? null : told;
  } catch (error) {
    tell(`Not done: ${error.message}`, true);
    return null;
  }
}

function hold(one) {
  const line = document.createElement("div");
  line.className = "hold";
  line.dataset.state = one.state;
  line.textContent = `${one.kind}: ${one.words}`;
  return line;
}

function drawCase(told) {
  const root = $("case-template").content.cloneNode(true);
  const box = root.firstElementChild;
  const { footage } = told;
  box.dataset.case = told.id;
  box.dataset.urgent = told.is_urgent ? "yes" : "no";
  field(root, "id").textContent = told.id;
  field(root, "state").textContent = told.state;
  field(root, "state").dataset.state = told.state;
  field(root, "footage").textContent = `${footage.unit} · ${footage.camera}`;
  field(root, "asked-by").textContent = `asked by ${told.asked_by}`;
  const earlier = footage.earlier_epochs > 1 ? `, and keys of ${footage.earlier_epochs} epochs before it` : "";
  field(root, "range").textContent = `${iso(footage.from_utc_ms)} to ${iso(footage.to_utc_ms)}${earlier}`;
  field(root, "case").textContent = footage.case;
  field(root, "purpose").textContent = `${footage.purpose}. ${choices.purposes[footage.purpose - 1] ?? ""}`;
  field(root, "reason").textContent = footage.reason;
  field(root, "sound").textContent = footage.with_sound
    ? `asked for: ${footage.sound_reason} (grant ${footage.grant})` : "not asked for";
  field(root, "dies").textContent = told.dies;
  field(root, "hold").replaceChildren(...told.holds.map(hold));
  if (!told.holds.length) field(root, "hold").textContent = "none: it is held from acceptance on";
  field(root, "decided").textContent = told.decisions.map((one) => (
    `${one.kind} by ${one.person} (${one.role}): ${one.reason}`)).join("; ") || "not yet";
  const warning = field(root, "warning");
  warning.hidden = !told.warning_days;
  const days = told.warning_days === 1 ? "1 day" : `${told.warning_days} days`;
  warning.textContent = `Less than ${days} left, and nobody has exported it.`;
  const isOpen = ["asked", "accepted", "exported"].includes(told.state);
  root.querySelector(".acts").hidden = !isOpen;
  for (const button of root.querySelectorAll("[data-do]")) {
    button.hidden = button.dataset.do !== "withdraw" && told.state !== "asked";
    button.addEventListener("click", () => decide(told.id, button.dataset.do, field(box, "why").value));
  }
  return root;
}

async function decide(request, what, reason) {
  const wanted = what === "withdraw" ? { do: "withdraw", request, reason }
    : { do: "review", request, is_accepted: what === "accept", reason };
  const told = await act(wanted);
  if (!told) return;
  const lines = [`${request} is ${told.case.state}.`];
  if (told.case.state === "accepted") lines.push(`Its footage dies ${told.case.dies}. Next: lamppost evidence export ${request}`);
  if (told.exported) lines.push(`It was urgent and is exported to ${told.exported}`);
  if (told.export_error) lines.push(told.export_error);
  tell(lines.join("\n"), Boolean(told.export_error));
  redraw(told.case);
}

function redraw(told) {
  const old = [...$("cases").querySelectorAll("[data-case]")].find((one) => one.dataset.case === told.id);
  if (old) old.replaceWith(drawCase(told));
}

async function list() {
  const told = await act({ do: "list" });
  if (!told) return;
  tell("");
  $("register").textContent = told.faults.length ? `The register is NOT whole: ${told.faults.join("; ")}`
    : "The register is whole. What dies first stands in front.";
  $("register").className = told.faults.length ? "bad" : "dim";
  $("cases").replaceChildren(...told.cases.map(drawCase));
  if (!told.cases.length) $("cases").textContent = "No request was made yet.";
}

const utcMs = (text) => Date.parse(`${text}Z`);

function tellRange() {
  const [from, to] = [utcMs($("from").value), utcMs($("to").value)];
  const isWhole = Number.isFinite(from) && Number.isFinite(to);
  $("range-told").textContent = isWhole ? `${iso(from)} to ${iso(to)}: ${(to - from) / 1000} s` : "";
}

async function ask(event) {
  event.preventDefault();
  const told = await act({
    do: "request", unit: $("unit").value.trim(), camera: $("camera").value.trim(),
    from_utc_ms: utcMs($("from").value), to_utc_ms: utcMs($("to").value),
    purpose: Number($("purpose").value), reason: $("reason").value.trim(), case: $("case").value.trim(),
    with_sound: $("with-sound").checked, sound_reason: $("with-sound").checked ? $("sound-reason").value.trim() : "",
    grant: $("with-sound").checked ? $("grant").value.trim() : "",
    is_joined: $("with-sound").checked && $("is-joined").checked,
  });
  if (!told) return;
  const urgent = told.case.is_urgent ? " It is urgent: it is exported at once when it is accepted." : "";
  tell(`Request ${told.case.id}. Its footage dies ${told.case.dies}.${urgent} Next: another person reviews it.`);
  $("ask").reset();
  tellRange();
  $("sound-part").hidden = true;
}

function offer(id, values) {
  $(id).replaceChildren(...[...new Set(values)].filter(Boolean).map((value) => new Option(value)));
}

function offerCameras() {
  const unit = $("unit").value.trim();
  offer("camera-names", choices.cameras.filter((one) => !unit || one.unit === unit).map((one) => one.camera));
}

async function begin() {
  choices = await (await fetch("/api/evidence/choices")).json();
  for (const role of choices.roles) $("role").add(new Option(role, role));
  choices.purposes.forEach((text, index) => $("purpose").add(new Option(`${index + 1}. ${text}`, index + 1)));
  offer("unit-names", choices.cameras.map((one) => one.unit));
  offerCameras();
  for (const one of document.querySelectorAll(".key")) one.hidden = !choices.has_roster;
  $("no-roster").hidden = choices.has_roster;
  const desk = JSON.parse(localStorage.getItem("lamppost-desk") ?? "null");
  const kept = JSON.parse(localStorage.getItem(KEPT) ?? "null") ?? desk ?? {};
  $("person").value = kept.person ?? "";
  if (choices.roles.includes(kept.role)) $("role").value = kept.role;
}

const age = (ms) => `${Math.floor(ms / 86400000)} d ${Math.floor((ms % 86400000) / 3600000)} h`;
new EventSource("/events").addEventListener("fleet", ({ data }) => {
  const fleet = JSON.parse(data);
  drawUrgent(fleet.urgent, fleet.utc_ms, age);
});
$("with-sound").addEventListener("change", () => { $("sound-part").hidden = !$("with-sound").checked; });
$("unit").addEventListener("input", offerCameras);
for (const name of ["from", "to"]) $(name).addEventListener("input", tellRange);
$("ask").addEventListener("submit", ask);
$("list-go").addEventListener("click", list);
begin();
