// Keeps what the scheduler tells and shows the view that the address names.
import { replace, setText } from "./dom.js";
import { follow, token } from "./net.js";
import { overview } from "./overview.js";
import { jobView } from "./job.js";

// Store holds the jobs, newest first, and the executors.
class Store extends EventTarget {
  jobs = new Map();
  executors = null;
  loaded = false;
  sorted = null;

  list() {
    this.sorted ??= [...this.jobs.values()].map((job) => [order(job.submitted_at), job]).sort(([a], [b]) => a < b ? 1 : a > b ? -1 : 0).map(([, job]) => job);
    return this.sorted;
  }

  get(runID) { return this.jobs.get(runID); }

  take(name, data) {
    switch (name) {
      case "jobs":
        this.jobs = new Map(data.jobs.map((job) => [job.run_id, job]));
        this.loaded = true;
        break;
      case "job": this.jobs.set(data.run_id, data); break;
      case "forgotten": this.jobs.delete(data.run_id); break;
      case "executors": this.executors = data; break;
      default: return;
    }
    this.sorted = null;
    // Changes that come together are drawn together.
    this.drawing ??= requestAnimationFrame(() => {
      this.drawing = null;
      this.dispatchEvent(new Event("change"));
    });
  }
}

// order is a moment in a form that sorts: the scheduler leaves out the zeros at
// the end of a fraction of a second.
function order(at) {
  const [, seconds, fraction = ""] = /^([^.Z]*)\.?(\d*)Z$/.exec(at) ?? [null, at];
  return seconds + fraction.padEnd(9, "0");
}

const store = new Store();
const main = document.getElementById("main");
const link = document.getElementById("link");

let current = null;
function show() {
  const route = location.hash;
  if (route !== "" && !route.startsWith("#/")) return; // a place in this view
  const first = current === null;
  current?.leave();
  replace(main);
  const job = /^#\/job\/(.+)$/.exec(route);
  current = job ? jobView(main, store, decode(job[1])) : overview(main, store);
  document.title = `${current.title} – kallad`;
  if (!first) {
    scrollTo(0, 0);
    current.heading.focus({ preventScroll: true });
  }
}

function decode(text) {
  try { return decodeURIComponent(text); } catch { return text; }
}

addEventListener("hashchange", show);
show();

document.querySelector(".skip").addEventListener("click", (event) => {
  event.preventDefault();
  main.focus();
});

const forget = document.getElementById("forget");
forget.hidden = !token.get();
forget.addEventListener("click", () => {
  token.forget();
  location.reload();
});

follow("api/events?limit=1000", {
  event: (name, data) => { store.take(name, data); },
  link(open) {
    link.className = open ? "link" : "link cut";
    setText(link, open ? "Live" : "No connection to the scheduler; trying again…");
  },
  refused(error) {
    link.className = "link cut";
    setText(link, error.message);
  },
});

fetch("health", { cache: "no-store" }).then((answer) => answer.json()).then((probe) => {
  replace(document.getElementById("version"), `kallad ${probe.version}`);
}).catch(() => {});
