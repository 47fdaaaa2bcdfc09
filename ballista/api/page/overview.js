// The first view: all jobs, and who does the work.
import { el, put, replace, setText } from "./dom.js";
import { ahead, count, firstLine } from "./text.js";
import { balance, cell, meter, number, rates, stateMark, stateWord, took, updateMeter, when } from "./part.js";
import { executorPanel } from "./executor.js";

const states = ["queued", "running", "succeeded", "failed", "cancelled"];
const pageSize = 100, moreSize = 300;

// overview makes the view over the jobs in store and keeps it up to date until
// the returned function is called.
export function overview(main, store) {
  const shown = { state: "", text: "", limit: pageSize };
  const rows = new Map();
  const heading = el("h1", { tabIndex: -1 }, "Jobs");
  const filters = el("div", { class: "filters", role: "group", "aria-label": "Show jobs by state" });
  const search = el("input", { type: "search", id: "find", placeholder: "Part of a run id", autocomplete: "off", spellcheck: false,
    oninput: () => { shown.text = search.value.trim().toLowerCase(); shown.limit = pageSize; draw(); } });
  const body = el("tbody", { role: "rowgroup" });
  const table = el("table", { class: "jobs", role: "table" },
    el("caption", { class: "unseen" }, "Jobs, the newest first"),
    el("thead", { role: "rowgroup" }, el("tr", { role: "row" },
      head("Run"), head("State"), head("Outcome"), head("Matches", "n"), head("Unmatched left", "n"), head("Unmatched right", "n"),
      head("Submitted"), head("Took", "n"))),
    body);
  const more = el("button", { type: "button", class: "more", onclick: showMore });
  const note = el("p", { class: "hint", role: "status" });
  const empty = el("div", { class: "empty" });
  const executors = executorPanel();
  put(main, heading,
    el("div", { class: "tools" }, filters, el("p", { class: "find" }, el("label", { for: "find" }, "Find a run"), search)),
    table, empty, el("p", { class: "end" }, note, more), executors.node);

  const buttons = ["", ...states].map((state) => {
    const button = el("button", { type: "button", onclick: () => { shown.state = state; shown.limit = pageSize; draw(); } });
    filters.append(button);
    return [state, button];
  });

  function matching() {
    return store.list().filter((job) => (!shown.state || job.state === shown.state) && (!shown.text || job.run_id.toLowerCase().includes(shown.text)));
  }

  function showMore() {
    const first = shown.limit;
    shown.limit += moreSize;
    draw();
    body.rows[first]?.querySelector("a")?.focus();
  }

  // draw makes the table what the store says, touching only what changed.
  function draw() {
    const jobs = matching(), visible = jobs.slice(0, shown.limit), wanted = new Set(visible.map((job) => job.run_id));
    for (const [id, row] of rows) {
      if (!wanted.has(id)) { row.node.remove(); rows.delete(id); }
    }
    let at = body.firstElementChild;
    for (const job of visible) {
      let row = rows.get(job.run_id);
      if (!row) rows.set(job.run_id, row = jobRow(job));
      row.update(job);
      if (row.node === at) at = at.nextElementSibling;
      else body.insertBefore(row.node, at);
    }
    const all = store.list();
    for (const [state, button] of buttons) {
      const n = state ? all.filter((job) => job.state === state).length : all.length;
      const label = `${state ? stateWord(state) : "All"} ${count(n)}`;
      setText(button, label);
      button.setAttribute("aria-pressed", String(shown.state === state));
      button.disabled = n === 0 && state !== "" && shown.state !== state;
    }
    table.hidden = visible.length === 0;
    more.hidden = jobs.length <= shown.limit;
    setText(more, `Show ${count(Math.min(jobs.length - shown.limit, moreSize))} more`);
    setText(note, more.hidden ? "" : `The newest ${count(visible.length)} of ${count(jobs.length)} jobs.`);
    drawEmpty(jobs.length, all.length);
  }

  let emptyKind = null;
  function drawEmpty(found, all) {
    const kind = !store.loaded ? "loading" : found > 0 ? "" : all > 0 ? "none" : "empty";
    if (kind === emptyKind) return;
    emptyKind = kind;
    empty.hidden = kind === "";
    search.parentElement.hidden = filters.hidden = kind === "empty" || kind === "loading";
    replace(empty, ...{
      "": [],
      loading: [el("p", { class: "hint" }, "Asking the scheduler…")],
      none: [el("p", {}, "No job is like that.")],
      empty: firstSteps(),
    }[kind]);
  }

  function tick() {
    for (const [id, row] of rows) {
      const job = store.get(id);
      if (job?.state === "running") setText(row.took, took(job));
    }
  }
  const timer = setInterval(tick, 1000);
  const changed = () => { draw(); executors.update(store.executors); };
  store.addEventListener("change", changed);
  changed();
  return { heading, title: "Jobs", leave: () => { clearInterval(timer); store.removeEventListener("change", changed); } };
}

function head(text, kind = null) {
  return el("th", { scope: "col", role: "columnheader", class: kind }, text);
}

// jobRow is a job's row; update changes what is different in it.
function jobRow(first) {
  const state = cell("State"), outcome = cell("Outcome", null, { class: "outcome" });
  const matches = number("Matches"), left = number("Unmatched left"), right = number("Unmatched right");
  const tookCell = cell("Took", "", { class: "n" });
  const node = el("tr", { role: "row" },
    el("th", { scope: "row", role: "rowheader", class: "run" }, el("a", { href: `#/job/${encodeURIComponent(first.run_id)}` }, first.run_id)),
    state, outcome, matches, left, right, cell("Submitted", when(first.submitted_at)), tookCell);
  let seen = null;
  return {
    node, took: tookCell,
    update(job) {
      if (job === seen) return;
      if (seen?.state !== job.state) {
        node.className = job.state;
        replace(state, stateMark(job.state));
      }
      if (seen?.state === "running" && job.state === "running") updateMeter(outcome.firstChild, job);
      else replace(outcome, outcomeOf(job));
      setText(matches, count(job.result?.matched_count ?? job.matched_count));
      setText(left, count(job.result?.unmatched_left_count));
      setText(right, count(job.result?.unmatched_right_count));
      setText(tookCell, took(job));
      seen = job;
    },
  };
}

function outcomeOf(job) {
  switch (job.state) {
    case "queued": return el("span", { class: "hint" }, ahead(job.queue_position));
    case "running": return meter(job);
    case "succeeded": return job.result && el("span", { class: "rates" }, balance(job.result, 9), el("span", {}, rates(job.result)));
    case "failed": return el("span", { class: "why" }, firstLine(job.error ?? ""));
  }
  return "";
}

function firstSteps() {
  return [
    el("h2", {}, "No jobs yet"),
    el("p", {}, "A job names two sources, a query that says what a match is, and each side's primary key. It is posted to ",
      el("code", {}, "POST /api/jobs"), ", or run from a terminal:"),
    el("pre", { tabIndex: 0 }, el("code", {}, `kallad run --scheduler-url ${location.origin} job.json`)),
    el("p", { class: "hint" }, "Jobs show up here as they come."),
  ];
}
