// The scheduler's HTTP interface. Addresses are relative, so that the page
// also works behind a path of somebody's proxy.

const tokenKey = "kallad-token";

export const token = {
  get: () => sessionStorage.getItem(tokenKey),
  set: (value) => sessionStorage.setItem(tokenKey, value),
  forget: () => sessionStorage.removeItem(tokenKey),
};

// Refusal is an answer that says no.
export class Refusal extends Error {
  constructor(status, problem) {
    super(problem?.detail || problem?.title || `the scheduler answers ${status}`);
    this.status = status;
    this.title = problem?.title ?? "";
  }
}

const dialog = document.getElementById("ask-token");
const tokenForm = dialog.querySelector("form");
const input = document.getElementById("token");
let asking = null;

tokenForm.addEventListener("submit", () => {
  const given = input.value.trim();
  if (!given || !asking) return;
  token.set(given);
  input.value = "";
  document.getElementById("forget").hidden = false;
  asking.answered();
  asking = null;
});

// Without the token there is nothing to see. closedby="none" keeps the dialog
// open when somebody presses Escape; browsers that do not know that, and close
// it at the second Escape whatever is said to the first, open it again.
dialog.addEventListener("cancel", (event) => event.preventDefault());
dialog.addEventListener("close", () => { if (asking && !dialog.open) dialog.showModal(); });

// askToken asks for the token until there is one; however many ask at once,
// one dialog is shown.
function askToken(wrong) {
  if (!asking) {
    asking = {};
    asking.answer = new Promise((resolve) => { asking.answered = resolve; });
    const problem = document.getElementById("token-problem");
    problem.hidden = !wrong;
    problem.textContent = wrong ? "That is not the right token." : "";
    if (!dialog.open) dialog.showModal();
  }
  return asking.answer;
}

async function send(path, options = {}) {
  for (;;) {
    const shown = token.get();
    const headers = { ...options.headers };
    if (shown) headers.Authorization = `Bearer ${shown}`;
    const answer = await fetch(path, { ...options, headers, cache: "no-store" });
    if (answer.ok) return answer;
    if (answer.status === 401) {
      // Somebody may have given another token meanwhile.
      if (token.get() === shown) await askToken(Boolean(shown));
      continue;
    }
    throw new Refusal(answer.status, await answer.json().catch(() => null));
  }
}

// ask returns the JSON document at a path.
export async function ask(path, signal) {
  return (await send(path, { signal })).json();
}

// cancelJob asks for a job to be cancelled.
export async function cancelJob(runID) {
  await send(`api/jobs/${encodeURIComponent(runID)}`, { method: "DELETE" });
}

const firstWait = 500, longestWait = 10000;
// silence is how long a stream may say nothing before it counts as cut; a
// scheduler that lives sends a comment every 15 s.
const silence = 45000;

// follow reads a stream of events until it is told to stop, and opens it again
// when it is cut. on.event gets a name and the event's document and returns
// true when nothing more is to come; on.link is told whether the stream is
// open; on.refused gets a Refusal that will not pass.
export function follow(path, on) {
  const stop = new AbortController();
  run(path, on, stop.signal);
  return () => stop.abort();
}

async function run(path, on, signal) {
  let wait = firstWait;
  while (!signal.aborted) {
    try {
      const over = await readStream(path, signal, () => { wait = firstWait; on.link?.(true); }, on.event);
      if (over || signal.aborted) return;
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof Refusal && error.status < 500 && error.status !== 429 && error.status !== 408) {
        on.refused?.(error);
        return;
      }
    }
    on.link?.(false);
    await new Promise((resolve) => setTimeout(resolve, wait));
    wait = Math.min(wait * 2, longestWait);
  }
}

async function readStream(path, signal, opened, event) {
  const cut = new AbortController();
  const end = () => cut.abort();
  signal.addEventListener("abort", end);
  let timer = setTimeout(end, silence);
  try {
    const answer = await send(path, { signal: cut.signal, headers: { Accept: "text/event-stream" } });
    opened();
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return false;
      clearTimeout(timer);
      timer = setTimeout(end, silence);
      rest += value;
      let at;
      while ((at = rest.indexOf("\n\n")) >= 0) {
        const { name, data } = parse(rest.slice(0, at));
        rest = rest.slice(at + 2);
        if (data && event(name, JSON.parse(data))) {
          await reader.cancel();
          return true;
        }
      }
    }
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", end);
  }
}

function parse(block) {
  let name = "", data = "";
  for (const line of block.split("\n")) {
    if (line.startsWith("event: ")) name = line.slice(7);
    else if (line.startsWith("data: ")) data += line.slice(6);
  }
  return { name, data };
}
