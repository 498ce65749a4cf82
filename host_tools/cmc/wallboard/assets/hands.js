// Who has a dome, what it does by itself, its switches and menu, and the question for a long look.
import { desk, order, purposes } from "/assets/desk.js";

const field = (root, name) => root.querySelector(`[data-field="${name}"]`);

export function wireHands(root, unit, camera) {
  const ask = (act, args, title) =>
    order(unit, act, { camera, ...args }, title ? `${camera} ${title}` : null);
  const on = (selector, act) => root.querySelector(selector).addEventListener("click", act);
  on('[data-act="ptz.home"]', () => ask("ptz.home", {}, "home"));
  on('[data-act="ptz.release"]', () => ask("ptz.release", {}, "let go"));
  on('[data-act="ptz.hand_over"]', () => {
    const to = field(root, "hand-to");
    if (to.value.trim()) ask("ptz.hand_over", { to: to.value.trim() }, `handed to ${to.value.trim()}`);
    else to.focus();
  });
  root.querySelectorAll("[data-calibrate]").forEach((button) => button.addEventListener("click", () => {
    const [pan, tilt] = ["mark-pan", "mark-tilt"].map((name) => field(root, name));
    if (!pan.reportValidity() || !tilt.reportValidity()) return;
    const place = { pan_cdeg: Math.round(pan.value * 100), tilt_cdeg: Math.round(tilt.value * 100) };
    ask("ptz.calibrate", { do: button.dataset.calibrate, ...place }, `calibration ${button.dataset.calibrate}`);
  }));
  root.querySelectorAll("[data-menu]").forEach((button) => button.addEventListener("click", () =>
    ask("ptz.menu", { do: button.dataset.menu }, `menu ${button.dataset.menu}`)));
  field(root, "switches").addEventListener("click", async (event) => {
    const button = event.target.closest("[data-switch]");
    if (!button) return;
    const what = button.dataset.switch;
    if (what === "menu") { ask("ptz.menu", { do: "open" }, "menu open"); return; }
    const level = !button.classList.contains("on");
    const outcome = await ask("ptz.switch", { what, level }, `${what} ${level ? "on" : "off"}`);
    if (outcome.result === "done") button.classList.toggle("on", level);
  });
  field(root, "ask").addEventListener("submit", async (event) => {
    event.preventDefault();
    const text = `${field(root, "ask-purpose").value}: ${field(root, "ask-text").value.trim()}`;
    const outcome = await ask("ptz.reason", { text }, "reason given");
    if (outcome.result === "done") field(root, "ask-text").value = "";
  });
  wireTours(root, camera, ask, on);
}

function wireTours(root, camera, ask, on) {
  const plan = field(root, "plan");
  const list = async () => {
    const { result, detail } = await ask("ptz.tour_list", {}, "");
    if (result === "done") drawKept(root, detail, ask, list);
  };
  field(root, "by-itself").addEventListener("toggle", (event) => { if (event.target.open) list(); });
  on('[data-act="ptz.tour"]', () => ask("ptz.tour", { plan: plan.value.trim() }, `tour ${plan.value}`));
  on('[data-act="ptz.tour_end"]', () => ask("ptz.tour_end", {}, "tour ended"));
  on('[data-act="ptz.tour_keep"]', async () => {
    const name = field(root, "tour-name").value.trim();
    const hours = field(root, "tour-hours").value.trim();
    const wish = { name, plan: plan.value.trim(), hours };
    const outcome = await ask("ptz.tour_keep", wish, `tour ${name} kept`);
    if (outcome.result === "done") list();
  });
  root.querySelectorAll("[data-pattern]").forEach((button) => button.addEventListener("click", () => {
    const number = Number(field(root, "pattern").value);
    const preset = Number(field(root, "pattern-preset").value);
    ask("ptz.pattern", { do: button.dataset.pattern, number, preset },
      `pattern ${number} ${button.dataset.pattern}`);
  }));
}

function drawKept(root, detail, ask, list) {
  field(root, "kept").replaceChildren(...Object.entries(detail).map(([name, text]) => {
    const row = document.createElement("li");
    const title = document.createElement("b");
    title.textContent = name;
    const what = document.createElement("span");
    what.className = "dim spread";
    what.textContent = text;
    const button = (word, act, args) => {
      const one = document.createElement("button");
      one.textContent = word;
      one.dataset.act = act;
      one.addEventListener("click", async () => {
        await ask(act, args, `tour ${name} ${word}`);
        if (word === "drop") list();
      });
      return one;
    };
    row.append(title, what, button("run", "ptz.tour_run", { name }), button("drop", "ptz.tour_drop", { name }));
    return row;
  }));
}

export function drawHands(root, camera) {
  const switches = field(root, "switches");
  const shape = (camera.switches ?? []).join(" ");
  if (switches.dataset.shape !== shape) {
    switches.dataset.shape = shape;
    switches.replaceChildren(...(camera.switches ?? []).map((name) => {
      const button = document.createElement("button");
      button.dataset.switch = name;
      button.textContent = name.replace("-", " ");
      return button;
    }));
  }
  field(root, "calibration").hidden = desk.role !== "engineer";
  field(root, "menu-keys").hidden = camera.activity !== "menu";
  field(root, "activity").textContent = camera.activity ?? "";
  const isOwing = Boolean(camera.debtor) && camera.debtor === desk.person;
  const form = field(root, "ask");
  if (form.hidden === isOwing) form.hidden = !isOwing;
  const purpose = field(root, "ask-purpose");
  if (isOwing && !purpose.length) {
    purposes.forEach((text, index) => purpose.add(new Option(`${index + 1}. ${text}`, index + 1)));
    purpose.value = String(desk.purpose);
  }
}

// Counts down between heartbeats; a hold that ran out is over, even before the unit says so.
export function drawHolder(root, camera, elapsedMs) {
  const { holder_role: role, free_in_ms: freeMs } = camera;
  const leftMs = (freeMs ?? 0) - elapsedMs;
  const holder = leftMs > 0 ? camera.holder : "";
  const isMine = holder === desk.person;
  field(root, "hold").hidden = !holder;
  field(root, "hold").dataset.mine = isMine ? "yes" : "no";
  field(root, "hold").dataset.give = isMine || desk.role === "supervisor" ? "yes" : "no";
  const free = `free in ${Math.ceil(leftMs / 1000)} s`;
  field(root, "holder").textContent = !holder ? ""
    : isMine ? `You have this dome, ${free}`
    : `${holder} (${role || "handed over"}) has this dome, ${free}`;
}
