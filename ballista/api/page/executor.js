// Who does the work: the executors, or the scheduler itself.
import { el, replace, setText, svg } from "./dom.js";
import { between, bytes, count, plural, seconds } from "./text.js";
import { cell, stateMark, when } from "./part.js";

// executorPanel returns a section that shows the answer of api/executors.
export function executorPanel() {
  const load = el("p", { class: "load" });
  const body = el("tbody", { role: "rowgroup" });
  const table = el("table", { class: "executors", role: "table" },
    el("caption", { class: "unseen" }, "Executors"),
    el("thead", { role: "rowgroup" }, el("tr", { role: "row" },
      ...["Executor", "State", "Slots in use", "Memory", "Joined", "Last heard of", "Version"].map((text) => el("th", { scope: "col", role: "columnheader" }, text)))),
    body);
  const alone = el("p", { class: "hint" }, "No executor is connected: the scheduler does the work of its jobs itself. Start one with ",
    el("code", {}, "kallad executor --scheduler-url HOST:50050"), ".");
  const node = el("section", { "aria-labelledby": "executors-title" }, el("h2", { id: "executors-title" }, "Executors"), load, table, alone);
  let seen = null;
  return {
    node,
    update(list) {
      node.hidden = !list;
      if (!list || list === seen) return;
      seen = list;
      const { running_jobs: running, max_jobs: most, queued_jobs: queued } = list.scheduler;
      setText(load, `${count(running)} of at most ${plural(most, "job")} ${running === 1 ? "is" : "are"} running, ${queued ? count(queued) : "none"} ${queued === 1 ? "is" : "are"} waiting.`);
      table.hidden = list.executors.length === 0;
      alone.hidden = !table.hidden;
      replace(body, ...list.executors.map(executorRow));
    },
  };
}

function executorRow(e) {
  return el("tr", { role: "row", class: e.state },
    el("th", { scope: "row", role: "rowheader" }, el("span", { class: "id" }, e.id), e.flight_address && el("span", { class: "sub" }, e.flight_address)),
    cell("State", stateMark(e.state)),
    cell("Slots in use", [slots(e), `${count(e.running_tasks)} of ${count(e.slots)}`], { class: "slots" }),
    cell("Memory", memory(e)),
    cell("Joined", when(e.joined_at)),
    cell("Last heard of", `${seconds(between(e.last_heartbeat_at))} ago`),
    cell("Version", e.version));
}

// most is how many slots are drawn one by one.
const most = 32;

function slots(e) {
  if (e.slots > most || e.slots === 0) return null;
  const picture = svg("svg", { viewBox: `0 0 ${e.slots * 10} 14`, width: e.slots * 10, height: 14, class: "slot", "aria-hidden": "true" });
  for (let i = 0; i < e.slots; i++) {
    picture.append(svg("rect", { x: i * 10 + 0.5, y: 0.5, width: 7, height: 13, rx: 1, class: i < e.running_tasks ? "busy" : "free" }));
  }
  return picture;
}

function memory(e) {
  if (!e.memory_bytes) return e.memory_limit_bytes ? `at most ${bytes(e.memory_limit_bytes)}` : "";
  return e.memory_limit_bytes ? `${bytes(e.memory_bytes)} of ${bytes(e.memory_limit_bytes)}` : bytes(e.memory_bytes);
}
