// Words and figures.

const grouped = new Intl.NumberFormat("en");

// count writes a number of things.
export function count(n) {
  return n === undefined || n === null ? "" : grouped.format(n);
}

// plural writes a number with its noun.
export function plural(n, one, many = one + "s") {
  return `${count(n)} ${n === 1 ? one : many}`;
}

// rate is the share of part in whole, in per cent with two digits. It is cut
// and never rounded up: 100.00 % means all of them. Of a share too small for
// its digits it says so.
export function rate(part, whole) {
  if (!whole) return "–";
  const hundredths = BigInt(part) * 10000n / BigInt(whole);
  if (part > 0 && hundredths === 0n) return "< 0.01 %";
  return `${hundredths / 100n}.${String(hundredths % 100n).padStart(2, "0")} %`;
}

// percent writes progress, cut to whole per cents.
export function percent(share) {
  return `${Math.floor(share * 100 + 1e-9)} %`;
}

// seconds writes a span of time that is given in seconds.
export function seconds(s) {
  if (s < 0.001) return "< 1 ms";
  if (s < 1) return `${Math.round(s * 1000)} ms`;
  if (s < 10) return `${s.toFixed(2)} s`;
  if (s < 120) return `${Math.round(s)} s`;
  const whole = Math.round(s), h = Math.floor(whole / 3600), m = Math.floor(whole % 3600 / 60);
  return h > 0 ? `${h} h ${m} min` : `${m} min ${whole % 60} s`;
}

// between is the time from one moment to another, or to now, in seconds.
export function between(from, to) {
  return Math.max(0, ((to ? Date.parse(to) : Date.now()) - Date.parse(from)) / 1000);
}

// bytes writes an amount of memory or data.
export function bytes(n) {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let u = 0;
  while (n >= 1024 && u < units.length - 1) { n /= 1024; u++; }
  return `${u > 0 && n < 10 ? n.toFixed(1) : Math.round(n)} ${units[u]}`;
}

const clock = new Intl.DateTimeFormat("en-GB", { timeStyle: "medium" });
const calendar = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", second: "2-digit" });
const whole = new Intl.DateTimeFormat("en-GB", { dateStyle: "long", timeStyle: "long" });

// moment writes a time, with the day unless it is today.
export function moment(at) {
  const date = new Date(at);
  return date.toDateString() === new Date().toDateString() ? clock.format(date) : calendar.format(date);
}

// fullMoment writes a time with everything.
export function fullMoment(at) {
  return whole.format(new Date(at));
}

const stages = { validation: "checking", staging: "reading", matching: "matching", writing_results: "writing results" };

// stageName says what a stage does.
export function stageName(stage) {
  return stages[stage] ?? stage ?? "";
}

const steps = {
  describe: "Look at the sources", plan: "Plan the query", split: "Split the sources", match: "Match",
  count: "Count the matches", keys_left: "Check the left keys", keys_right: "Check the right keys",
  matched: "Write the matches", unmatched_left: "Write the unmatched rows, left",
  unmatched_right: "Write the unmatched rows, right", publish: "Publish the evidence",
};

// stepName says what a step of a task does.
export function stepName(step) {
  if (step.startsWith("load ")) return `Read ${step.slice(5)}`;
  return steps[step] ?? step;
}

// ahead says how many jobs wait before a queued one.
export function ahead(position) {
  if (!position) return "waiting";
  return position === 1 ? "next in line" : `${plural(position - 1, "job")} ahead of it`;
}

// firstLine cuts a text for a place with room for one line.
export function firstLine(text) {
  const line = text.split("\n", 1)[0];
  return line.length > 200 ? line.slice(0, 199) + "…" : line;
}
