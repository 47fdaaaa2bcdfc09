// Parts that more than one view shows.
import { el, svg } from "./dom.js";
import { between, count, fullMoment, moment, percent, rate, seconds, stageName } from "./text.js";

const stateWords = {
  queued: "Queued", running: "Running", succeeded: "Succeeded", failed: "Failed", cancelled: "Cancelled",
  pending: "Waiting", active: "Active", draining: "Draining", lost: "Lost",
};

// stateWord says a state in a word.
export function stateWord(state) {
  return stateWords[state] ?? state;
}

// stateMark shows a state by word and shape; its colour only adds to that.
export function stateMark(state) {
  const shapes = {
    succeeded: svg("path", { d: "M3 8.5l3.2 3.2L13 5", class: "line" }),
    failed: svg("path", { d: "M4 4l8 8M12 4l-8 8", class: "line" }),
    cancelled: svg("path", { d: "M4 8h8", class: "line" }),
    running: svg("circle", { cx: 8, cy: 8, r: 4, class: "full" }),
    queued: svg("circle", { cx: 8, cy: 8, r: 4, class: "line" }),
  };
  const shape = shapes[{ active: "running", draining: "queued", pending: "queued", lost: "failed" }[state] ?? state];
  return el("span", { class: `state ${state}` }, svg("svg", { viewBox: "0 0 16 16", width: 16, height: 16, "aria-hidden": "true" }, shape), stateWord(state));
}

// when shows a moment.
export function when(at) {
  return el("time", { dateTime: at, title: fullMoment(at) }, moment(at));
}

// took is how long a job has run, or ran.
export function took(job) {
  return job.started_at ? seconds(between(job.started_at, job.finished_at)) : "";
}

// meter shows progress.
export function meter(job) {
  const bar = el("progress", { max: 1, value: job.progress, "aria-label": `Progress of ${job.run_id}` });
  return el("span", { class: "meter" }, bar, el("span", { class: "meter-text" }, meterText(job)));
}

export function meterText(job) {
  return [percent(job.progress), stageName(job.stage)].filter(Boolean).join(" ");
}

// updateMeter moves a meter without making it anew.
export function updateMeter(node, job) {
  node.querySelector("progress").value = job.progress;
  const text = node.querySelector(".meter-text");
  if (text.textContent !== meterText(job)) text.textContent = meterText(job);
}

// sides are a result's two sides, with what tells them apart.
export function sides(result) {
  return [{ ...result.left, side: "left" }, { ...result.right, side: "right" }];
}

// balance draws how much of each side matched. A part that is not empty is
// never too thin to be seen, and one that is not everything never fills the bar.
export function balance(result, height) {
  const picture = svg("svg", { viewBox: `0 0 100 ${height}`, preserveAspectRatio: "none", class: "balance", "aria-hidden": "true" });
  const each = (height - 1) / 2;
  sides(result).forEach((side, i) => {
    let share = side.rows ? side.matched_rows / side.rows * 100 : 0;
    if (share > 0) share = Math.max(share, 1.5);
    if (side.unmatched_rows > 0) share = Math.min(share, 98.5);
    const y = i * (each + 1);
    picture.append(
      svg("rect", { x: 0, y, width: 100, height: each, class: side.rows ? `over ${side.side}` : "none" }),
      svg("rect", { x: 0, y, width: share, height: each, class: "matched" }),
    );
  });
  return picture;
}

// rates are both sides' match rates in words.
export function rates(result) {
  return sides(result).map((side) => `${side.alias} ${rate(side.matched_rows, side.rows)}`).join(", ");
}

export function cell(label, value, props = {}) {
  return el("td", { role: "cell", "data-label": label, ...props }, value);
}

export function number(label, n) {
  return cell(label, count(n), { class: "n" });
}
