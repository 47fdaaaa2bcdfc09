// The first rows of a job's evidence files.
import { el, replace } from "./dom.js";
import { count, plural } from "./text.js";
import { ask } from "./net.js";

const files = [
  { name: "matched", title: "Matched", counted: (result) => result.matched_count },
  { name: "unmatched_left", title: "Unmatched left", counted: (result) => result.unmatched_left_count },
  { name: "unmatched_right", title: "Unmatched right", counted: (result) => result.unmatched_right_count },
];

const limit = 50;

// evidence returns a section with a tab for each file of a job that succeeded.
export function evidence(job) {
  const panel = el("div", { class: "rows", role: "tabpanel", id: "evidence-rows" });
  const loaded = new Map();
  const tabs = files.map((file, i) => el("button", {
    type: "button", role: "tab", id: `tab-${file.name}`, "aria-controls": "evidence-rows",
    onclick: () => choose(i), onkeydown: (event) => move(event, i),
  }, file.title, " ", el("span", { class: "hint" }, count(file.counted(job.result)))));

  function move(event, i) {
    const to = { ArrowRight: i + 1, ArrowLeft: i - 1, Home: 0, End: files.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    choose((to + files.length) % files.length);
    tabs[(to + files.length) % files.length].focus();
  }

  let chosen = -1;
  async function choose(i) {
    chosen = i;
    tabs.forEach((tab, j) => {
      tab.setAttribute("aria-selected", String(i === j));
      tab.tabIndex = i === j ? 0 : -1;
    });
    panel.setAttribute("aria-labelledby", tabs[i].id);
    if (!loaded.has(i)) {
      replace(panel, el("p", { class: "hint" }, "Reading…"));
      loaded.set(i, await read(files[i].name));
    }
    if (chosen === i) replace(panel, ...loaded.get(i));
  }

  async function read(name) {
    try {
      return show(await ask(`api/jobs/${encodeURIComponent(job.run_id)}/evidence/${name}?limit=${limit}`));
    } catch (error) {
      loaded.delete(files.findIndex((file) => file.name === name));
      return [el("p", { class: "problem" }, `These rows cannot be shown: ${error.message}`)];
    }
  }

  const node = el("section", { "aria-labelledby": "evidence-title" },
    el("h2", { id: "evidence-title" }, "Evidence"),
    el("div", { class: "tabs", role: "tablist", "aria-labelledby": "evidence-title" }, tabs), panel);
  choose(job.result.unmatched_left_count > 0 ? 1 : job.result.unmatched_right_count > 0 ? 2 : 0);
  return node;
}

// What tells most about a row comes first, what is the same in every row last.
const first = ["record_key", "rejection_reason", "left_key", "right_key"];
const last = ["attempted_rules", "closest_candidate", "match_id", "matched_at"];

function inOrder(columns) {
  const place = (name) => first.includes(name) ? first.indexOf(name) - first.length : last.indexOf(name) + 1;
  return columns.map((column, at) => ({ ...column, at })).sort((a, b) => place(a.name) - place(b.name) || a.at - b.at);
}

const numeric = /^(u?int\d+|double|float\d*|decimal)/;

function show(rows) {
  const said = [el("p", { class: "hint path" },
    rows.rows.length < rows.total_rows ? `The first ${count(rows.rows.length)} of ${plural(rows.total_rows, "row")} in ` : `${plural(rows.total_rows, "row")} in `,
    el("code", {}, rows.path))];
  if (rows.shortened) said.push(el("p", { class: "hint" }, "Texts that end in … go on in the file."));
  if (rows.rows.length === 0) return said;
  const columns = inOrder(rows.columns);
  const kinds = columns.map((column) => numeric.test(column.type) ? "n" : null);
  const head = columns.map((column, c) => el("th", { scope: "col", class: kinds[c] }, column.name, el("span", { class: "sub" }, column.type)));
  const line = (row) => columns.map((column, c) => {
    const value = row[column.at];
    return el("td", { class: kinds[c] ?? (value?.length > 40 ? "long" : null) }, shown(value));
  });
  const table = el("table", { class: "evidence" },
    el("thead", {}, el("tr", {}, head)), el("tbody", {}, rows.rows.map((row) => el("tr", {}, line(row)))));
  said.push(el("div", { class: "scroll", tabIndex: 0, role: "region", "aria-label": "Rows of the file" }, table));
  return said;
}

function shown(value) {
  if (value === null) return el("span", { class: "void" }, "null");
  if (value === "") return el("span", { class: "void" }, "empty");
  return value;
}
