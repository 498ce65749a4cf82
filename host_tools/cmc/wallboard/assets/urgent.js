// Footage that was asked for and will be dead before anybody has it (C32).

const TODO = { asked: "another person must review it", accepted: "export it" };

export function drawUrgent(urgent, utcMs, age) {
  const lines = (urgent ?? []).map(({ id, unit, state, dies_utc_ms: dies, is_urgent: isUrgent }) => {
    const left = dies > utcMs ? `begins to die in ${age(dies - utcMs)}` : "has begun to die";
    const word = isUrgent === false ? "WARNING" : "URGENT";  // 7, 3 and 1 days; urgent from 48 h on
    return `${word}: footage of ${unit} for ${id} ${left}; ${TODO[state] ?? state}.`;
  });
  const box = document.getElementById("urgent");
  const text = lines.join("\n");
  box.hidden = !text;
  if (box.textContent !== text) box.textContent = text;
}
