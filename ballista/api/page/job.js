// One job: how far it is, what came of it, where its time went, and the first
// rows of its evidence.
import { announce, el, put, replace, setText } from "./dom.js";
import { ahead, count, plural, rate } from "./text.js";
import { balance, meter, sides, stateMark, stateWord, took, updateMeter, when } from "./part.js";
import { cancelJob, follow } from "./net.js";
import { timeline } from "./timeline.js";
import { evidence } from "./evidence.js";

// jobView shows a job until it is left. store knows what becomes of the job
// after its end: whether its caller was told.
export function jobView(main, store, runID) {
  const heading = el("h1", { tabIndex: -1, class: runID.length > 40 ? "long" : null }, runID);
  const state = el("p", { class: "now" });
  const facts = el("dl", { class: "facts", hidden: true });
  const cancel = el("button", { type: "button", class: "danger", hidden: true, onclick: () => askCancel(runID, problem) }, "Cancel…");
  const problem = el("p", { class: "problem", role: "alert", hidden: true });
  const headline = el("div", { class: "headline", hidden: true }, state, cancel);
  const outcome = el("div", {});
  const time = timeline();
  const rest = el("div", {});
  put(main, el("p", { class: "back" }, el("a", { href: "#/" }, "All jobs")), heading,
    headline, problem, facts, outcome, time.node, rest);
  time.node.hidden = true;

  let job = null, tookValue = null;
  function update(next) {
    const before = job;
    job = next;
    if (before && before.state !== job.state) announce(`Job ${job.run_id}: ${stateWord(job.state)}`);
    facts.hidden = headline.hidden = false;
    drawState(before);
    cancel.hidden = job.state !== "queued" && job.state !== "running";
    replace(facts, ...factsOf(job));
    tookValue = facts.querySelector(".took");
    if (before?.state !== job.state) {
      replace(outcome, ...outcomeOf(job));
      replace(rest, job.result && evidence(job));
    }
    time.update(job);
  }

  function drawState(before) {
    if (before?.state === job.state && job.state === "running") updateMeter(state.querySelector(".meter"), job);
    else replace(state, stateMark(job.state), job.state === "running" && meter(job));
  }

  const stop = follow(`api/jobs/${encodeURIComponent(runID)}/events`, {
    event(name, status) {
      update(status);
      return name === "end";
    },
    refused(error) {
      problem.hidden = false;
      problem.textContent = error.status === 404 ? "The scheduler knows no job with this run id. It forgets old ones; their evidence stays." : error.message;
    },
  });
  const timer = setInterval(() => {
    if (job?.state !== "running") return;
    if (tookValue) setText(tookValue, took(job));
    time.update(job);
  }, 1000);
  const changed = () => {
    const told = store.get(runID)?.callback;
    if (!job || !told || told === job.callback) return;
    job = { ...job, callback: told };
    replace(facts, ...factsOf(job));
    tookValue = facts.querySelector(".took");
  };
  store.addEventListener("change", changed);
  return { heading, title: runID, leave: () => { stop(); clearInterval(timer); store.removeEventListener("change", changed); } };
}

// What the dialog asks about.
let cancelling = null;
document.querySelector("#ask-cancel form").addEventListener("submit", (event) => {
  if (event.submitter?.value === "yes") cancelling?.();
});

function askCancel(runID, problem) {
  cancelling = async () => {
    try {
      await cancelJob(runID);
      announce("The job is being cancelled.");
    } catch (error) {
      problem.hidden = false;
      problem.textContent = `The job was not cancelled: ${error.message}`;
    }
  };
  document.getElementById("ask-cancel").showModal();
}

const callbackWords = { pending: "is being told", acknowledged: "was told", given_up: "could not be told" };

function factsOf(job) {
  const fact = (name, value, kind = null) => value !== undefined && value !== "" && el("div", {}, el("dt", {}, name), el("dd", { class: kind }, value));
  return [
    fact("Submitted", when(job.submitted_at)),
    job.queue_position && fact("Place", ahead(job.queue_position)),
    job.started_at && fact(job.finished_at ? "Took" : "Running for", took(job), "took"),
    job.state === "running" && job.matched_count !== undefined && fact("Matches so far", count(job.matched_count)),
    job.total_left !== undefined && !job.result && fact("Rows, left", count(job.total_left)),
    job.total_right !== undefined && !job.result && fact("Rows, right", count(job.total_right)),
    job.restarts > 0 && fact("Begun again", plural(job.restarts, "time")),
    job.callback && fact("Caller", callbackWords[job.callback] ?? job.callback),
    job.engine_mode && fact("Done by", job.engine_mode === "cluster" ? plural(job.executors?.length ?? 0, "executor") : "the scheduler itself"),
  ].filter(Boolean);
}

function outcomeOf(job) {
  if (job.state === "failed") {
    return [el("section", { class: "failure", "aria-labelledby": "why-title" }, el("h2", { id: "why-title" }, "Why it failed"), el("pre", { class: "error" }, job.error ?? ""))];
  }
  return job.result ? [result(job.result)] : [];
}

function result(r) {
  return el("section", { "aria-labelledby": "result-title", class: "result" },
    el("h2", { id: "result-title" }, "Result"),
    el("p", { class: "figure" }, el("span", { class: "big" }, count(r.matched_count)), " ", r.matched_count === 1 ? "match" : "matches"),
    balance(r, 23),
    el("table", { class: "ledger" },
      el("caption", { class: "unseen" }, "What became of each side's rows"),
      el("thead", {}, el("tr", {}, el("td", {}), sides(r).map((s) => el("th", { scope: "col", class: "n" }, s.alias, el("span", { class: "sub" }, s.side))))),
      el("tbody", {},
        line(r, "Rows read", (s) => count(s.rows)),
        line(r, "Matched", (s) => count(s.matched_rows), "matched"),
        line(r, "Unmatched", (s) => count(s.unmatched_rows), "over"),
        line(r, "Match rate", (s) => rate(s.matched_rows, s.rows), "total"),
        some(r, "duplicate_key_rows") && line(r, "Rows with a key seen before", (s) => count(s.duplicate_key_rows), "odd"),
        some(r, "null_key_rows") && line(r, "Rows with a null in the key", (s) => count(s.null_key_rows), "odd"))),
    (r.notes ?? []).length > 0 && el("ul", { class: "notes" }, r.notes.map((note) => el("li", {}, note))));
}

function some(r, field) {
  return r.left[field] + r.right[field] > 0;
}

function line(r, name, value, kind = null) {
  return el("tr", { class: kind }, el("th", { scope: "row" }, name), sides(r).map((s) => el("td", { class: `n ${s.side}` }, value(s))));
}
