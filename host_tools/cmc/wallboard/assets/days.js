// The last 31 days of each stream: a strip to see, a table to read, and both say the same.
const SHOWN = 31;
const AGAIN_MS = 60_000;

const field = (root, name) => root.querySelector(`[data-field="${name}"]`);
const make = (tag, text = "", className = "") => {
  const element = document.createElement(tag);
  element.textContent = text;
  if (className) element.className = className;
  return element;
};
const number = (seconds) => seconds.toLocaleString("en-GB");
const percent = (part, whole) => (whole ? `${((100 * part) / whole).toFixed(2)} %` : "–");

function drawLegend(words) {
  document.getElementById("legend").replaceChildren(...Object.entries(words).map(([cause, word]) => {
    const entry = make("span", word);
    entry.prepend(make("i", "", `c-${cause}`));
    return entry;
  }));
}

function drawDay(day, words, daySeconds) {
  const column = make("div", "", day.is_full ? "day" : "day today");
  const told = [];
  for (const cause of Object.keys(words)) {
    const seconds = day.seconds[cause] || 0;
    if (!seconds) continue;
    const part = make("div", "", `c-${cause}`);
    part.style.height = `${(100 * seconds) / daySeconds}%`;
    column.append(part);
    told.push(`${words[cause]} ${number(seconds)} s`);
  }
  column.title = `${day.date}${day.is_full ? "" : " (so far)"}: ${told.join(", ")}`;
  return column;
}

function drawTable(table, stream, words) {
  const causes = Object.keys(stream.totals);
  table.caption.textContent = `${stream.stream}: seconds by day (UTC) and cause`;
  const head = table.tHead.insertRow();
  for (const title of ["Day", ...causes.map((cause) => words[cause] || cause), "Sum"]) {
    const cell = make("th", title);
    cell.scope = "col";
    head.append(cell);
  }
  const rows = stream.days.map((day) => [day.date + (day.is_full ? "" : " (so far)"), day.seconds]);
  for (const [name, seconds] of rows) addRow(table.tBodies[0], name, seconds, causes);
  addRow(table.tFoot, "All", stream.totals, causes);
}

function addRow(part, name, seconds, causes) {
  const row = part.insertRow();
  const title = make("th", name);
  title.scope = "row";
  row.append(title);
  const values = causes.map((cause) => seconds[cause] || 0);
  for (const value of [...values, values.reduce((sum, value) => sum + value, 0)]) {
    row.append(make("td", number(value)));
  }
}

function readBack(found) {
  if (!found) return "";
  const when = found.utc_ms ? new Date(found.utc_ms).toISOString().slice(0, 16).replace("T", " ") : "at an unknown time";
  return `read back ${(found.permille / 10).toFixed(1)} %: ${number(found.seconds)} s could be shown (${when} UTC)`;
}

function drawStream(unit, stream, told) {
  const root = document.getElementById("stream-template").content.cloneNode(true);
  const recorded = stream.totals.recorded || 0;
  const share = percent(recorded, stream.told_s);
  root.firstElementChild.dataset.stream = `${unit.unit}/${stream.stream}`;
  field(root, "title").textContent = `${unit.unit} · ${stream.camera} · ${stream.kind}`;
  field(root, "sum").textContent = `recorded ${number(recorded)} s of ${number(stream.told_s)} s (${share})`;
  field(root, "read").textContent = readBack(stream.read_back);
  const strip = root.querySelector(".strip");
  strip.setAttribute("aria-label", `${stream.days.length} days, ${share} recorded; the table below has all`);
  const empty = Array.from({ length: SHOWN - stream.days.length }, () => make("div", "", "day empty"));
  strip.append(...empty, ...stream.days.map((day) => drawDay(day, told.words, told.day_s)));
  drawTable(root.querySelector("table"), stream, told.words);
  return root;
}

async function draw() {
  const place = document.getElementById("days");
  const open = [...place.querySelectorAll("details[open]")].map((one) => one.closest(".stream").dataset.stream);
  try {
    const answer = await fetch("/api/days");
    if (!answer.ok) throw new Error(`the CMC answers ${answer.status}`);
    const told = await answer.json();
    drawLegend(told.words);
    const streams = told.units.flatMap((unit) => unit.streams.map((stream) => drawStream(unit, stream, told)));
    place.replaceChildren(...streams);
    if (!streams.length) place.append(make("p", "No unit has told of a day yet; each does within the hour.", "dim"));
    for (const one of place.querySelectorAll(".stream")) {
      one.querySelector("details").open = open.includes(one.dataset.stream);
    }
  } catch (error) {
    place.replaceChildren(make("p", `The days cannot be shown: ${error.message}. Load the page again.`, "bad"));
  }
}

draw();
setInterval(draw, AGAIN_MS);
