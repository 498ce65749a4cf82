// The page: listens to the feed, draws it, and says when it is old.
import { sayHere, signIn } from "/assets/desk.js";
import { wire, wireKeys, chosenCamera, releaseAll } from "/assets/controls.js";
import { order } from "/assets/desk.js";
import { drawHands, drawHolder, wireHands } from "/assets/hands.js";
import { drawPresets, wirePresets } from "/assets/presets.js";
import { wirePad, wireStick } from "/assets/stick.js";
import { followZones, openZones, placeAt } from "/assets/zones.js";
import { drawUrgent } from "/assets/urgent.js";

const STALE_AFTER_MS = 4000;
const SILENT_AFTER_MS = 3000;
const units = new Map();      // name -> last unit message
const states = new Map();     // name -> {state, ageMs, atMs, reason}
let fleet = null;             // last fleet message
let fleetAtMs = -1;           // when it came, by the browser's own clock
let only = "";                // unit shown alone; "" for all

const $ = (id) => document.getElementById(id);
const copy = (id) => $(id).content.firstElementChild.cloneNode(true);
const set = (root, field, text) => {
  const place = root.querySelector(`[data-field="${field}"]`);
  if (place && place.textContent !== text) place.textContent = text;
  return place;
};
const degrees = (cdeg) => (cdeg == null ? "–" : `${(cdeg / 100).toFixed(1)}°`);
const percent = (permille) => (permille == null ? "–" : `${(permille / 10).toFixed(1)} %`);
const clockTime = (utcMs) => new Date(utcMs).toLocaleTimeString("en-GB");
const age = (ms) => {
  const s = Math.max(0, Math.floor(ms / 1000));
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min ${s % 60} s`;
  if (s < 86400) return `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`;
  return `${Math.floor(s / 86400)} d ${Math.floor((s % 86400) / 3600)} h`;
};
const held = (oldestMs) => (oldestMs && fleet ? age(utcNow() - oldestMs) : "none");
const utcNow = () => fleet.utc_ms + performance.now() - fleetAtMs;

// What comes

const source = new EventSource("/events");
source.addEventListener("fleet", (message) => {
  fleet = JSON.parse(message.data);
  fleetAtMs = performance.now();
  for (const one of fleet.units) states.set(one.unit, { ...one, atMs: fleetAtMs });
  tick();
  sayHere();
});
source.addEventListener("unit", (message) => {
  const unit = JSON.parse(message.data);
  for (const camera of unit.cameras) if (camera.still) camera.still.atMs = performance.now();
  unit.atMs = performance.now();
  units.set(unit.unit, unit);
  drawUnit(unit);
  drawAside();
  tick();
});

// Freshness: decided here as well, because a silent server cannot say that it is silent

const isSilent = () => fleetAtMs < 0 || performance.now() - fleetAtMs > SILENT_AFTER_MS;
function stateOf(name) {
  const told = states.get(name);
  if (!told) return { state: "missing", ageMs: -1, reason: "" };
  const ageMs = told.heard_age_ms < 0 ? -1 : told.heard_age_ms + performance.now() - told.atMs;
  let state = told.state;
  if (state === "live" && (ageMs >= STALE_AFTER_MS || isSilent())) state = "stale";
  return { state, ageMs, reason: told.reason };
}

const STALE_WORDS = { gone: { lost: "connection lost", stopped: "switched off" } };
function tick() {
  const counts = { live: 0, stale: 0, gone: 0, faults: 0 };
  for (const name of states.keys()) {
    const { state, ageMs, reason } = stateOf(name);
    counts[state === "missing" ? "gone" : state] += 1;
    const heard = ageMs < 0 ? "never heard" : `last heard ${age(ageMs)} ago`;
    document.querySelectorAll(`[data-unit="${CSS.escape(name)}"]`).forEach((place) => {
      place.dataset.state = state;
    });
    const article = findUnit(name);
    if (article) {
      const chip = set(article, "state", state);
      chip.dataset.state = state;
      set(article, "heard", ageMs < 0 ? "never" : `${age(ageMs)} ago`);
      const why = STALE_WORDS[state]?.[reason];
      article.querySelectorAll(".stale-mark").forEach((mark) => {
        mark.firstElementChild.textContent = state === "live" ? "" : state.toUpperCase();
        set(mark, "stale-text", why ? `${why}, ${heard}` : heard);
      });
      article.querySelectorAll(".controls button:not(.stop)").forEach((button) => {
        button.disabled = state !== "live";
      });
    }
    const entry = document.querySelector(`#fleet [data-unit="${CSS.escape(name)}"]`);
    if (entry) {
      entry.querySelector(".dot").className = `dot ${state}`;
      set(entry, "detail", `${state}${state === "live" ? "" : `, ${heard}`}`);
    }
  }
  counts.faults = [...units.values()].reduce((sum, unit) => sum + unit.faults.length, 0);
  for (const [name, count] of Object.entries(counts)) {
    document.querySelector(`[data-count="${name}"] b`).textContent = count;
  }
  drawAlarm();
  if (fleet) drawUrgent(fleet.urgent, utcNow(), age);
  drawStamps();
  if (fleet) $("clock").textContent = isSilent() ? "--:--:--" : clockTime(utcNow());
}

function drawAlarm() {
  const broker = $("broker");
  let text = "";
  if (isSilent()) {
    text = fleetAtMs < 0 ? "Waiting for the CMC. Nothing here is live."
      : `STALE: this page has not heard the CMC for ${age(performance.now() - fleetAtMs)}. ` +
        "Nothing below is live.";
  } else if (!fleet.broker_up) {
    const since = fleet.broker_age_ms + performance.now() - fleetAtMs;
    text = `STALE: the broker is away, for ${age(since)}. Nothing below is live.`;
  }
  $("alarm").hidden = !text;
  if ($("alarm").textContent !== text) $("alarm").textContent = text;
  broker.dataset.state = text ? "down" : "up";
  broker.textContent = text ? "no feed" : "feed up";
}

function drawStamps() {
  for (const unit of units.values()) {
    for (const camera of unit.cameras) {
      const root = findCamera(unit.unit, camera.name);
      if (!root) continue;
      const still = camera.still;
      const oldMs = still ? still.age_ms + performance.now() - still.atMs : 0;
      set(root, "stamp", !still ? "" : oldMs < 2500 ? clockTime(still.utc_ms)
        : `${clockTime(still.utc_ms)}, ${age(oldMs)} old`);
      drawHolder(root, camera, performance.now() - unit.atMs);
    }
  }
}

// Drawing

const findUnit = (name) => document.querySelector(`article[data-unit="${CSS.escape(name)}"]`);
const findCamera = (unit, camera) =>
  document.querySelector(`.camera[data-camera="${CSS.escape(`${unit}/${camera}`)}"]`);

function drawFleet() {
  const nav = $("fleet");
  const names = [...states.keys()];
  const shape = JSON.stringify([names, only, fleet?.unknown, [...units.keys()]]);
  if (nav.dataset.shape === shape) return;
  nav.dataset.shape = shape;
  nav.replaceChildren();
  const entry = (name, title, detail) => {
    const button = document.createElement("button");
    button.innerHTML = '<i class="dot"></i><span></span><small data-field="detail"></small>';
    button.querySelector("span").textContent = title;
    button.querySelector("small").textContent = detail;
    button.setAttribute("aria-current", String(only === name));
    if (name) button.dataset.unit = name;
    button.addEventListener("click", () => { only = name; drawFleet(); showOnly(); tick(); });
    nav.append(button);
  };
  entry("", "Whole fleet", `${names.length} units`);
  nav.firstElementChild.querySelector(".dot").hidden = true;
  for (const name of names) entry(name, name, "");
  const unknown = Object.keys(fleet?.unknown ?? {});
  if (unknown.length) {
    const note = document.createElement("p");
    note.className = "unknown";
    note.id = "unknown";
    note.textContent = `Not in the register: ${unknown.join(", ")}`;
    nav.append(note);
  }
}

function showOnly() {
  document.querySelectorAll("article.unit").forEach((article) => {
    article.hidden = Boolean(only) && article.dataset.unit !== only;
  });
}

function drawUnit(unit) {
  let article = findUnit(unit.unit);
  if (!article) {
    article = copy("unit-template");
    article.dataset.unit = unit.unit;
    const after = [...document.querySelectorAll("article.unit")]
      .find((one) => one.dataset.unit > unit.unit);
    $("units").insertBefore(article, after ?? null);
    showOnly();
  }
  set(article, "unit", unit.unit);
  const kind = unit.kind === "gateway" ? "site gateway" : "redeployable unit";
  set(article, "place", [unit.place, kind, unit.scheme_class].filter(Boolean).join(" · "));
  const now = unit.now;
  const clock = set(article, "clock", now ? now.clock : "–");
  clock.classList.toggle("bad", Boolean(now) && now.clock_quality < 2);
  set(article, "fill", now ? percent(now.fill_permille) : "–");
  set(article, "oldest", now ? held(now.oldest_utc_ms) : "–");
  set(article, "waiting", now ? String(now.waiting) : "–");
  unit.cameras.forEach((camera) => drawCamera(article, unit, camera));
}

function drawCamera(article, unit, camera) {
  let root = findCamera(unit.unit, camera.name);
  if (!root) {
    root = copy("camera-template");
    root.dataset.camera = `${unit.unit}/${camera.name}`;
    article.querySelector(".cameras").append(root);
    wire(root, unit.unit, camera.name);
    wireStick(root, unit.unit, camera.name);
    wireHands(root, unit.unit, camera.name);
    wirePresets(root, unit.unit, camera.name);
    const now = () => units.get(unit.unit).cameras.find((one) => one.name === camera.name);
    root.querySelector('[data-field="draft"]').addEventListener("click", () => openZones(root, unit.unit, now()));
    const picture = root.querySelector(".picture");
    picture.addEventListener("dblclick", async (event) => {
      const place = article.dataset.state === "live" ? await placeAt(picture, event, now()) : null;
      if (place) order(unit.unit, "ptz.go_to", { camera: camera.name, ...place }, `${camera.name} looks there`);
    });
  }
  root.classList.toggle("has-dome", camera.has_dome);
  root.classList.toggle("has-mic", camera.has_microphone);
  if (camera.has_dome && !chosenCamera()) root.classList.add("chosen");
  set(root, "camera", camera.name);
  const image = root.querySelector("img");
  if (!camera.still) image.removeAttribute("src");
  else if (image.dataset.number !== String(camera.still.number)) {
    image.dataset.number = String(camera.still.number);
    image.src = `/still/${encodeURIComponent(unit.unit)}/${encodeURIComponent(camera.name)}?` +
      `number=${camera.still.number}`;
    image.alt = `Still of ${camera.name}`;
  }
  followZones(unit.unit, camera, image.getAttribute("src"));
  const isRecording = camera.recording;
  set(root, "recording", isRecording == null ? "" : isRecording ? "● REC" : "not recording")
    .dataset.on = isRecording ? "yes" : "no";
  const zones = camera.withheld ? "withheld for privacy"
    : camera.still?.zones ? `${camera.still.zones} privacy zone${camera.still.zones > 1 ? "s" : ""}`
    : "";
  set(root, "zones", zones);
  const isOn = camera.sound === "on";
  set(root, "sound-chip", camera.has_microphone && camera.sound ? `sound ${camera.sound}` : "")
    .dataset.on = isOn ? "yes" : "no";
  const at = (text) => (camera.position_known ? text : "unknown");
  root.querySelector('[data-field="draft"]').hidden =
    !camera.position_known || !camera.still || camera.dome !== "idle";
  set(root, "pan", at(degrees(camera.pan_cdeg)));
  set(root, "tilt", at(degrees(camera.tilt_cdeg)));
  set(root, "zoom", at(percent(camera.zoom_permille)));
  set(root, "dome", camera.dome ?? "–");
  set(root, "sound", camera.sound ?? "–");
  set(root, "grant", camera.grant || "none");
  set(root, "fill", percent(camera.fill_permille));
  set(root, "oldest", held(camera.oldest_utc_ms));
  root.querySelector('[data-act="sound.on"]').classList.toggle("on", isOn);
  drawHands(root, camera);
  drawPresets(root, unit.unit, camera);
}

function drawAside() {
  const faults = [...units.values()].flatMap((unit) => unit.faults.map((f) => ({ ...f, unit: unit.unit })));
  const shape = JSON.stringify(faults.map((f) => [f.unit, f.code, f.subject, f.state]));
  if ($("faults").dataset.shape !== shape) {
    $("faults").dataset.shape = shape;
    $("faults").replaceChildren(...(faults.length ? faults.map(faultCard) : [quiet("None.")]));
  }
  const events = [...units.values()].flatMap((unit) => unit.events.map((e) => ({ ...e, unit: unit.unit })));
  events.sort((a, b) => b.utc_ms - a.utc_ms || b.sequence - a.sequence);
  const eventShape = JSON.stringify(events.map((e) => [e.unit, e.boot, e.sequence]));
  if ($("events").dataset.shape === eventShape) return;
  $("events").dataset.shape = eventShape;
  $("events").replaceChildren(...events.slice(0, 12).map((e) => {
    const line = document.createElement("li");
    const when = document.createElement("time");
    when.textContent = e.utc_ms ? clockTime(e.utc_ms) : "no time";
    const fields = JSON.parse(e.fields);
    const subject = fields.camera ?? fields.subject ?? fields.stream ?? fields.act;
    const why = fields.cause ?? fields.text ?? fields.person;
    const what = [e.unit, e.name, fields.fault, subject].filter(Boolean).join(" ");
    line.append(when, why ? `${what}: ${why}` : what);
    return line;
  }));
}

function quiet(text) {
  const line = document.createElement("p");
  line.className = "dim quiet";
  line.textContent = text;
  return line;
}

function faultCard(fault) {
  const card = document.createElement("div");
  card.className = "fault";
  card.dataset.fault = `${fault.unit}/${fault.code}/${fault.subject}`;
  card.dataset.severity = fault.severity;
  const title = document.createElement("b");
  title.textContent = `${fault.name} · ${fault.subject || fault.unit}`;
  const text = document.createElement("p");
  text.textContent = `${fault.meaning} ${fault.remedy}`;
  const state = document.createElement("span");
  state.className = "dim";
  state.textContent = `${fault.unit}, ${fault.state}, for ${age(fault.age_ms)} `;
  card.append(title, text, state);
  if (fault.state === "raised") {
    const button = document.createElement("button");
    button.textContent = "acknowledge";
    button.dataset.act = "fault.acknowledge";
    button.addEventListener("click", () =>
      order(fault.unit, "fault.acknowledge", { fault: fault.code, subject: fault.subject },
        `acknowledge ${fault.name}`));
    card.append(button);
  }
  return card;
}

setInterval(() => { drawFleet(); tick(); }, 250);
addEventListener("pagehide", releaseAll);
wireKeys();
wirePad();
signIn();
