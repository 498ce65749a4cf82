// A joystick to drag and a gamepad: how far from the centre is how fast.
import { chosenCamera, release, steer } from "/assets/controls.js";

const DEAD = 0.12;            // a hand at rest is not quite in the middle
const CURVE = 1.6;            // fine near the centre
const TRIGGERS = [6, 7];      // of a standard gamepad: zoom out, zoom in

// Turns two deflections of -1 to 1 into permille; the dead middle is taken out.
export function speeds(x, y) {
  const far = Math.min(1, Math.hypot(x, y));
  if (far < DEAD) return [0, 0];
  const speed = ((far - DEAD) / (1 - DEAD)) ** CURVE;
  return [x, y].map((part) => Math.round((part / Math.hypot(x, y)) * speed * 1000) || 0);
}

export function wireStick(root, unit, camera) {
  const stick = root.querySelector('[data-field="stick"]');
  const knob = stick.firstElementChild;
  const put = (x, y) => { knob.style.transform = `translate(${x * 34}px, ${y * 34}px)`; };
  const follow = (event) => {
    const box = stick.getBoundingClientRect();
    let x = ((event.clientX - box.left) / box.width) * 2 - 1;
    let y = ((event.clientY - box.top) / box.height) * 2 - 1;
    const far = Math.max(1, Math.hypot(x, y));
    x /= far;
    y /= far;
    put(x, y);
    const [pan, tilt] = speeds(x, -y);
    if (pan || tilt) steer(unit, camera, [pan, tilt, 0], "stick");
    else release();
  };
  const end = () => {
    if (!stick.classList.contains("held")) return;
    stick.classList.remove("held");
    put(0, 0);
    release();
  };
  stick.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || root.closest(".unit").dataset.state !== "live") return;
    stick.setPointerCapture(event.pointerId);
    stick.classList.add("held");
    follow(event);
  });
  stick.addEventListener("pointermove", (event) => {
    if (stick.classList.contains("held")) follow(event);
  });
  for (const name of ["pointerup", "pointercancel", "lostpointercapture"]) {
    stick.addEventListener(name, end);
  }
}

// The gamepad drives the chosen dome: left stick to turn, right stick or triggers to zoom.
let isPadDriving = false;
function readPad() {
  const pad = navigator.getGamepads?.().find((one) => one?.connected);
  const root = chosenCamera();
  if (!pad || !root || document.hidden || document.querySelector("dialog[open]")
      || root.closest(".unit").dataset.state !== "live") {
    if (isPadDriving) { isPadDriving = false; release(); }
    return;
  }
  const [pan, tilt] = speeds(pad.axes[0] ?? 0, -(pad.axes[1] ?? 0));
  const pulled = TRIGGERS.map((index) => Number((pad.buttons[index]?.value ?? 0) > 0.5));
  const up = -(pad.axes[3] ?? 0);
  const zoom = pulled[1] - pulled[0] || (Math.abs(up) > 0.5 ? Math.sign(up) : 0);
  if (pan || tilt || zoom) {
    isPadDriving = true;
    steer(...root.dataset.camera.split("/"), [pan, tilt, zoom], "gamepad");
  } else if (isPadDriving) {
    isPadDriving = false;
    release();
  }
}

export const wirePad = () => setInterval(readPad, 50);
