// Moves: held while a button or key is down, renewed while held, stopped when let go.
import { logLine, order } from "/assets/desk.js";

const RENEW_MS = 300;
const STEER_MS = 120;         // a stick that moves on is followed no faster than this
const IN_FLIGHT_MAX = 3;
let press = Date.now();       // rises over reloads of the page as well
let hold = null;              // {unit, camera, act, args, title, timer, line, press}
const keys = new Set();

const WORDS = { "-1,0": "left", "1,0": "right", "0,1": "up", "0,-1": "down", "-1,1": "up left",
  "1,1": "up right", "-1,-1": "down left", "1,-1": "down right" };
const ARROWS = { ArrowLeft: [-1, 0, 0], ArrowRight: [1, 0, 0], ArrowUp: [0, 1, 0],
  ArrowDown: [0, -1, 0], "+": [0, 0, 1], "=": [0, 0, 1], "-": [0, 0, -1], "_": [0, 0, -1] };

export const chosenCamera = () => document.querySelector(".camera.chosen");

function begin(unit, camera, pan, tilt, zoom, speed) {
  const words = [WORDS[`${pan},${tilt}`], zoom ? (zoom > 0 ? "zoom in" : "zoom out") : ""];
  take(unit, camera, "ptz.move", { camera, pan: pan * speed, tilt: tilt * speed, zoom },
    words.filter(Boolean).join(", "));
}

function take(unit, camera, act, args, title) {
  // A new direction replaces the old one; a stop between the two would make the dome jerk.
  if (hold && hold.unit === unit && hold.camera === camera) clearInterval(hold.timer);
  else release();
  press += 1;
  hold = { unit, camera, press, act, args, title, inFlight: 0,
    line: logLine(`${camera} ${title}`) };
  renew(hold);
  hold.timer = setInterval(renew, RENEW_MS, hold);
}

// Follows a stick: the same press with other speeds, as long as it is held.
export function steer(unit, camera, [pan, tilt, zoom], title) {
  const args = { camera, pan, tilt, zoom };
  if (!hold || hold.unit !== unit || hold.camera !== camera || hold.title !== title) {
    take(unit, camera, "ptz.move", args, title);
    return;
  }
  hold.args = args;
  if (performance.now() - hold.sentMs >= STEER_MS) renew(hold);
}

async function renew(one) {
  if (one.inFlight >= IN_FLIGHT_MAX) return;
  one.inFlight += 1;
  one.sentMs = performance.now();
  const outcome = await order(one.unit, one.act, one.args, one.line, one.press);
  one.inFlight -= 1;
  if (outcome.result !== "done" && hold === one) release();
}

export function release() {
  if (!hold) return;
  const one = hold;
  hold = null;
  clearInterval(one.timer);
  order(one.unit, "ptz.stop", { camera: one.camera }, null, one.press);
}

export function releaseAll() {
  keys.clear();
  release();
  document.querySelectorAll("button.held").forEach((button) => button.classList.remove("held"));
}

export function wire(root, unit, camera) {
  const choose = () => {
    if (!root.classList.contains("has-dome")) return;
    document.querySelectorAll(".camera.chosen").forEach((one) => one.classList.remove("chosen"));
    root.classList.add("chosen");
  };
  root.addEventListener("pointerdown", choose);
  const speed = () => Number(root.querySelector('[data-field="speed"]').value);
  root.querySelectorAll("[data-pan], [data-zoom], [data-lens]").forEach((button) => {
    const { pan = 0, tilt = 0, zoom = 0, lens } = button.dataset;
    const start = () => {
      button.classList.add("held");
      if (!lens) {
        begin(unit, camera, Number(pan), Number(tilt), Number(zoom), speed());
        return;
      }
      const [focus, iris] = lens.split(",").map(Number);
      take(unit, camera, "ptz.lens", { camera, focus, iris }, button.ariaLabel);
    };
    const end = () => { if (button.classList.contains("held")) releaseAll(); };
    button.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      button.setPointerCapture(event.pointerId);
      start();
    });
    for (const name of ["pointerup", "pointercancel", "lostpointercapture", "blur"]) {
      button.addEventListener(name, end);
    }
    button.addEventListener("keydown", (event) => {
      if ((event.key === " " || event.key === "Enter") && !event.repeat) start();
    });
    button.addEventListener("keyup", end);
    button.addEventListener("contextmenu", (event) => event.preventDefault());
  });
  root.querySelector('[data-act="ptz.stop"]').addEventListener("click", () => {
    releaseAll();
    press += 1;
    order(unit, "ptz.stop", { camera }, `${camera} stop`, press);
  });
  wireSound(root, unit, camera);
}

function wireSound(root, unit, camera) {
  for (const act of ["sound.on", "sound.off"]) {
    root.querySelector(`[data-act="${act}"]`).addEventListener("click", () =>
      order(unit, act, { camera }, `${camera} ${act.replace(".", " ")}`));
  }
}

// Keys move the chosen dome; letting go, losing the window or hiding the page stops it.
export function wireKeys() {
  const isTyping = (target) =>
    document.querySelector("dialog[open]") || /^(INPUT|SELECT|TEXTAREA)$/.test(target.tagName);
  const follow = () => {
    const root = chosenCamera();
    const vectors = [...keys].map((key) => ARROWS[key]);
    const sum = [0, 1, 2].map((i) => Math.sign(vectors.reduce((total, v) => total + v[i], 0)));
    if (!root || !sum.some(Boolean)) { release(); return; }
    if (root.closest(".unit").dataset.state !== "live") { release(); return; }
    const [unit, camera] = root.dataset.camera.split("/");
    begin(unit, camera, ...sum, Number(root.querySelector('[data-field="speed"]').value));
  };
  addEventListener("keydown", (event) => {
    if (!ARROWS[event.key] || event.ctrlKey || event.altKey || event.metaKey) return;
    if (isTyping(event.target)) return;
    event.preventDefault();
    if (event.repeat || keys.has(event.key)) return;
    keys.add(event.key);
    follow();
  });
  addEventListener("keyup", (event) => { if (keys.delete(event.key)) follow(); });
  addEventListener("blur", releaseAll);
  document.addEventListener("visibilitychange", () => { if (document.hidden) releaseAll(); });
}
