// Drafts a privacy zone: corners clicked on a still become pan and tilt, and text for the authority.
const CORNERS_MAX = 16;       // each side gets a middle, and a permit takes 32 corners
const TURNED_CDEG = 20;       // further than the place that a head tells wavers
const ZOOMED_PERMILLE = 5;
const $ = (id) => document.getElementById(id);
const RIGHT_ANGLE = Math.PI / 2;
const radians = (cdeg) => (cdeg / 18000) * Math.PI;
const cdeg = (angle) => Math.round((angle / Math.PI) * 18000);
let lens = [];
let aim = null;
let corners = [];             // [across, down], 0 to 1

// Width of the view at a zoom, hundredths of a degree; straight lines between the lens's points.
function width(zoom) {
  const after = lens.findIndex(([place]) => place >= zoom);
  if (after < 1) return lens[Math.max(after, 0)][1];
  const [[z0, w0], [z1, w1]] = [lens[after - 1], lens[after]];
  return w0 + ((zoom - z0) / (z1 - z0)) * (w1 - w0);
}

// Where a point of the picture lies: pan and tilt in hundredths of a degree.
export function direction([across, down], { pan_cdeg, tilt_cdeg, zoom_permille }) {
  const [pan, tilt] = [radians(pan_cdeg), radians(tilt_cdeg)];
  const scale = 2 * Math.tan(radians(width(zoom_permille)) / 2);
  const right = (across - 0.5) * scale;
  const up = ((0.5 - down) * scale * 9) / 16;
  const flat = Math.cos(tilt) - up * Math.sin(tilt);
  const x = flat * Math.sin(pan) + right * Math.cos(pan);
  const y = flat * Math.cos(pan) - right * Math.sin(pan);
  const z = Math.sin(tilt) + up * Math.cos(tilt);
  const low = Math.min(Math.max(Math.atan2(z, Math.hypot(x, y)), -RIGHT_ANGLE), RIGHT_ANGLE);
  return [(cdeg(Math.atan2(x, y)) + 36000) % 36000, cdeg(low)];
}

// A straight side of the picture is bent in pan and tilt, so each side gets its middle too.
const withMiddles = () => corners.flatMap((corner, index) => {
  const next = corners[(index + 1) % corners.length];
  return [corner, [(corner[0] + next[0]) / 2, (corner[1] + next[1]) / 2]];
});

function draw() {
  const points = corners.map(([x, y]) => `${x * 1600},${y * 900}`).join(" ");
  $("zone-shape").setAttribute("points", points);
  $("zone-dots").replaceChildren(...corners.map(([x, y]) => {
    const dot = document.createElementNS("http://www.w3.org/2000/svg", "circle");
    for (const [name, value] of [["cx", x * 1600], ["cy", y * 900], ["r", 12]]) {
      dot.setAttribute(name, value);
    }
    return dot;
  }));
  if (corners.length < 3) {
    $("zone-text").value = "";
    $("zone-told").textContent = `Click the corners one after the other; ${3 - corners.length} more.`;
    return;
  }
  const places = withMiddles().map((point) => direction(point, aim));
  const from = places[0][0];
  const pans = places.map(([pan]) => ((pan - from + 54000) % 36000) - 18000);
  const tilts = places.map(([, tilt]) => tilt);
  const rectangle = [(from + Math.min(...pans) + 36000) % 36000, Math.min(...tilts),
    (from + Math.max(...pans) + 36000) % 36000, Math.max(...tilts)];
  const degree = (value) => `${(value / 100).toFixed(1)}°`;
  $("zone-told").textContent = `Pan ${degree(rectangle[0])} to ${degree(rectangle[2])}, tilt ` +
    `${degree(rectangle[1])} to ${degree(rectangle[3])}.`;
  const zone = { camera: aim.camera, space: "dome", rule: $("zone-rule").value };
  if ($("zone-kind").value === "rectangle") zone.rectangle = rectangle;
  else zone.polygon = places.flat();
  $("zone-text").value = JSON.stringify(zone);
}

async function readLens() {
  if (!lens.length) lens = (await (await fetch("/api/choices")).json()).fov_points;
}

// Turns a double click on a still into the place that it shows; null when nobody knows where.
export async function placeAt(picture, event, camera) {
  if (!camera?.has_dome || !camera.position_known || !camera.still || camera.dome !== "idle") return null;
  await readLens();
  const box = picture.getBoundingClientRect();
  const spot = [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
  const [pan, tilt] = direction(spot, camera);
  return { pan_cdeg: pan % 36000, tilt_cdeg: tilt, zoom_permille: camera.zoom_permille };
}

export async function openZones(root, unit, camera) {
  await readLens();
  corners = [];
  $("zone-moved").hidden = true;
  aim = { unit, camera: camera.name, pan_cdeg: camera.pan_cdeg, tilt_cdeg: camera.tilt_cdeg,
    zoom_permille: camera.zoom_permille };
  $("zone-title").textContent = `A private zone of ${camera.name}`;
  $("zone-still").src = root.querySelector("img").src;
  draw();
  $("zone-editor").showModal();
}

// The editor shows the newest still while the dome stands where it was opened.
export function followZones(unit, camera, source) {
  if (!$("zone-editor").open || aim.unit !== unit || aim.camera !== camera.name) return;
  const hasMoved = camera.dome !== "idle" || !camera.position_known
    || ["pan_cdeg", "tilt_cdeg"].some((name) => Math.abs(camera[name] - aim[name]) > TURNED_CDEG)
    || Math.abs(camera.zoom_permille - aim.zoom_permille) > ZOOMED_PERMILLE;
  $("zone-moved").hidden = !hasMoved;
  if (!hasMoved && source) $("zone-still").src = source;
}

$("zone-picture").addEventListener("click", (event) => {
  const box = $("zone-picture").getBoundingClientRect();
  if (corners.length >= CORNERS_MAX) return;
  corners.push([(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height]);
  draw();
});
for (const name of ["zone-rule", "zone-kind"]) $(name).addEventListener("change", draw);
$("zone-undo").addEventListener("click", () => { corners.pop(); draw(); });
$("zone-close").addEventListener("click", () => $("zone-editor").close());
$("zone-copy").addEventListener("click", () => {
  $("zone-text").select();
  navigator.clipboard?.writeText($("zone-text").value);
});
