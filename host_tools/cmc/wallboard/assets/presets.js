// Presets as pictures with names: press to go, with "store" ticked to keep where it looks now.
import { logLine, order, post } from "/assets/desk.js";

const TILES = 8;              // always there; others appear when they have a name or a picture
const $ = (id) => document.getElementById(id);
let editing = null;           // {unit, camera, number}

const go = (unit, camera, number, name) =>
  order(unit, "ptz.preset", { camera, do: "go", number }, `${camera} ${name || `preset ${number}`} go`);

function edit(unit, camera, number, name) {
  editing = { unit, camera, number };
  $("preset-title").textContent = `Preset ${number} of ${camera}`;
  $("preset-name").value = name;
  $("preset-error").textContent = "";
  $("preset-editor").returnValue = "";
  $("preset-editor").showModal();
}

$("preset-editor").addEventListener("close", async () => {
  const { unit, camera, number } = editing;
  const todo = { store: "set", clear: "clear" }[$("preset-editor").returnValue];
  if (!todo) return;
  const name = todo === "set" ? $("preset-name").value : "";
  const word = todo === "set" ? "stored" : "cleared";
  const outcome = await order(unit, "ptz.preset", { camera, do: todo, number },
    `${camera} preset ${number} ${word}`);
  if (outcome.result !== "done") return;
  const answer = await post("/api/preset", { unit, camera, number, name });
  if (!answer.ok) logLine(`${camera} preset ${number} has no name`, (await answer.json()).error);
});

export function wirePresets(root, unit, camera) {
  const store = root.querySelector('[data-field="store"]');
  const press = (number, name) => {
    if (store.checked) edit(unit, camera, number, name);
    else go(unit, camera, number, name);
    store.checked = false;
  };
  root.querySelector(".tiles").addEventListener("click", (event) => {
    const tile = event.target.closest("[data-preset]");
    if (tile) press(Number(tile.dataset.preset), tile.dataset.name ?? "");
  });
  root.querySelector('[data-field="number-go"]').addEventListener("click", () => {
    const field = root.querySelector('[data-field="number"]');
    if (field.reportValidity()) press(Number(field.value), "");
  });
}

export function drawPresets(root, unit, camera) {
  const known = new Map((camera.presets ?? []).map((one) => [one.number, one]));
  const numbers = [...new Set([...Array(TILES).keys()].map((i) => i + 1).concat([...known.keys()]))];
  const shape = JSON.stringify(camera.presets ?? []);
  const tiles = root.querySelector(".tiles");
  if (tiles.dataset.shape === shape) return;
  tiles.dataset.shape = shape;
  tiles.replaceChildren(...numbers.map((number) => {
    const { name = "", picture = 0 } = known.get(number) ?? {};
    const tile = document.createElement("button");
    tile.dataset.preset = String(number);
    tile.dataset.name = name;
    tile.title = name || `preset ${number}`;
    tile.ariaLabel = `preset ${number}${name ? ` ${name}` : ""}`;
    const label = document.createElement("span");
    label.textContent = name ? `${number} ${name}` : String(number);
    if (picture) {
      const taken = new Date(picture);
      const date = document.createElement("time");
      date.textContent = taken.toLocaleDateString("en-GB", { day: "numeric", month: "short" });
      tile.title += `, picture of ${taken.toLocaleString("en-GB")}`;
      tile.append(date);
      const image = document.createElement("img");
      image.alt = "";
      image.src = `/preset/${encodeURIComponent(unit)}/${encodeURIComponent(camera.name)}/${number}?` +
        `picture=${picture}`;
      tile.append(image);
    }
    tile.append(label);
    return tile;
  }));
}
