// A job's stages, or the steps of its only task, against time: a table whose
// rows have a bar each.
import { el, replace, svg } from "./dom.js";
import { bytes, count, plural, seconds, stepName } from "./text.js";
import { stateWord } from "./part.js";

const wide = 1000; // the width of a bar's coordinates

// timeline returns a section that draws a job.
export function timeline() {
  const body = el("tbody", { role: "rowgroup" });
  const axis = el("th", { scope: "col", role: "columnheader", class: "bar" });
  const heads = el("tr", { role: "row" });
  const table = el("table", { class: "timeline", role: "table" },
    el("caption", { class: "unseen" }, "What the job did, and when"),
    el("thead", { role: "rowgroup" }, heads),
    body);
  const reason = el("p", { class: "hint" });
  const node = el("section", { "aria-labelledby": "time-title" }, el("h2", { id: "time-title" }, "Time"), reason, table);
  return {
    node,
    update(job) {
      const rows = rowsOf(job);
      node.hidden = rows.length === 0;
      if (node.hidden) return;
      const staged = job.stages.length > 1;
      const from = Date.parse(job.started_at ?? job.submitted_at);
      const to = Math.max(job.finished_at ? Date.parse(job.finished_at) : Date.now(), ...rows.map((row) => row.to ?? 0), from + 1);
      replace(heads, head(staged ? "Stage" : "Step"), axis, head("Took", "n"),
        staged && head("Rows in", "n"), head(staged ? "Rows out" : "Rows", "n"), staged && head("Tasks", "n"));
      table.classList.toggle("staged", staged);
      reason.textContent = staged ? "" : sentence(job.stages[0].reason);
      reason.hidden = staged || !job.stages[0].reason;
      replace(axis, el("span", { class: "unseen" }, "When"), scale(to - from));
      replace(body, ...rows.map((row) => rowNode(row, from, to, staged)));
    },
  };
}

function sentence(text) {
  return text ? text[0].toUpperCase() + text.slice(1) + "." : "";
}

function head(text, kind = null) {
  return el("th", { scope: "col", role: "columnheader", class: kind }, text);
}

// rowsOf makes a row of each stage; a single stage is shown by its steps.
function rowsOf(job) {
  const stages = job.stages ?? [];
  const steps = stages.length === 1 && stages[0].task_list?.[0]?.steps;
  if (steps) return steps.map((step) => stepRow(step, stages[0]));
  return stages.map((stage) => ({
    name: stage.name, note: stage.reason, state: stage.state,
    from: at(stage.started_at), to: at(stage.finished_at),
    rowsIn: stage.rows_in, rowsOut: stage.rows_out, stage,
    tasks: (stage.task_list ?? []).map((task) => ({ from: at(task.started_at), to: at(task.finished_at), state: task.state })).filter((task) => task.from),
  }));
}

function stepRow(step, stage) {
  const over = Boolean(step.finished_at);
  const last = stage.task_list[0].steps.at(-1) === step;
  const state = !over ? "running" : last && stage.state !== "succeeded" && stage.state !== "running" ? stage.state : "succeeded";
  return { name: stepName(step.name), state, from: at(step.started_at), to: at(step.finished_at), rowsOut: step.rows || null, tasks: [] };
}

function at(moment) {
  return moment ? Date.parse(moment) : null;
}

function rowNode(row, from, to, staged) {
  return el("tr", { role: "row", class: row.state },
    el("th", { scope: "row", role: "rowheader" }, row.name, row.note && el("span", { class: "sub" }, row.note), row.stage && problems(row.stage)),
    el("td", { role: "cell", class: "bar" }, bar(row, from, to)),
    row.from
      ? el("td", { role: "cell", class: "n", "data-label": "Took" }, seconds(((row.to ?? Date.now()) - row.from) / 1000))
      : el("td", { role: "cell", class: "n" }, stateWord(row.state)),
    staged && el("td", { role: "cell", class: "n", "data-label": "Rows in" }, row.from && count(row.rowsIn)),
    el("td", { role: "cell", class: "n", "data-label": staged ? "Rows out" : "Rows" }, row.from && count(row.rowsOut)),
    staged && el("td", { role: "cell", class: "n", "data-label": "Tasks" }, tasksOf(row.stage)));
}

function tasksOf(stage) {
  return stage.tasks_done === stage.tasks ? count(stage.tasks) : `${count(stage.tasks_done)} of ${count(stage.tasks)}`;
}

// problems says what did not go as planned.
function problems(stage) {
  const said = [];
  if (stage.retries) said.push(plural(stage.retries, "retry", "retries"));
  if (stage.spill_bytes) said.push(`${bytes(stage.spill_bytes)} spilled`);
  return [
    stage.tasks_failed > 0 && el("span", { class: "sub why" }, `${plural(stage.tasks_failed, "task")} failed`),
    said.length > 0 && el("span", { class: "sub" }, said.join(", ")),
  ];
}

// lanes is how many tasks are drawn side by side.
const lanes = 6;

function bar(row, from, to) {
  const x = (moment) => (moment - from) / (to - from) * wide;
  const picture = svg("svg", { viewBox: `0 0 ${wide} 24`, preserveAspectRatio: "none", class: "bar", "aria-hidden": "true" });
  for (const share of ticks((to - from) / 1000)) {
    const line = share / ((to - from) / 1000) * wide;
    picture.append(svg("line", { x1: line, x2: line, y1: 0, y2: 24, class: "tick", "vector-effect": "non-scaling-stroke" }));
  }
  if (!row.from) return picture;
  const span = (part, y, height, kind) => {
    const left = x(part.from), right = x(part.to ?? Math.min(Date.now(), to));
    return svg("rect", { x: Math.min(left, wide - 3), y, width: Math.max(3, right - left), height, class: kind });
  };
  picture.append(span(row, 4, 16, row.tasks.length > 1 ? `whole ${row.state}` : `part ${row.state}`));
  if (row.tasks.length > 1) {
    const free = [];
    for (const task of [...row.tasks].sort((a, b) => a.from - b.from)) {
      let lane = free.findIndex((until) => until <= task.from);
      if (lane < 0) lane = free.length;
      free[lane] = task.to ?? Infinity;
      const n = Math.min(lanes, Math.max(1, row.tasks.length)), height = 16 / n;
      picture.append(span(task, 4 + (lane % n) * height, height - 0.6, `part ${task.state}`));
    }
  }
  return picture;
}

// ticks are round moments between 0 and a number of seconds.
function ticks(span) {
  const rough = span / 4, power = 10 ** Math.floor(Math.log10(rough));
  let step = [1, 2, 5, 10].map((m) => m * power).find((s) => s >= rough);
  if (span > 120) step = [30, 60, 120, 300, 600, 1800, 3600, 7200, 21600].find((s) => s >= rough) ?? 86400;
  const list = [];
  for (let t = 0; t < span; t += step) list.push(t);
  return list;
}

function scale(span) {
  const whole = span / 1000;
  // A mark near the end has no room for its text.
  return el("span", { class: "scale", "aria-hidden": "true" }, ticks(whole).filter((t) => t < whole * 0.85).map((t) => {
    const mark = el("span", {}, t === 0 ? "0" : t >= 1 && t < 10 ? `${t} s` : seconds(t));
    mark.style.left = `${t / whole * 100}%`;
    return mark;
  }));
}
