// Answering, nicer where scripts run: the next step without a new page, an answer kept while the
// network is away, questions read aloud. Everything works without it.
//
// What was typed and could not be sent lives in this tab's memory and nowhere else: computers are
// shared, so nothing may outlive the tab.
(() => {
  "use strict";

  const words = document.currentScript.dataset;
  const STEP = "X-Step";
  const ADDRESS = "X-Address";
  const ANSWER_WITHIN_MS = 20_000;
  const TRY_AGAIN_MS = 5_000;
  const IDLE_MS = 60 * 60_000; // as on the server
  const HOLD_MS = 8_000;

  const region = (id) => document.getElementById(id);
  const step = () => region("step");

  // The answer that is not saved yet: { action, body }.
  let unsent = null;
  let retry = 0;
  let asked = 0;

  // ── The step ──────────────────────────────────────────────────────────────

  const focusStep = (is_error) => {
    const target = step().querySelector(is_error ? ".error-summary" : "h1");
    if (!target) return;
    if (!target.hasAttribute("tabindex")) target.setAttribute("tabindex", "-1");
    target.focus();
    if (target.id !== "now" && !is_error) window.scrollTo(0, 0);
  };

  const place = () => window.location.pathname + window.location.search;
  let shown = place();

  const show = (html, address) => {
    const page = new DOMParser().parseFromString(html, "text/html");
    const next = page.getElementById("step");
    if (!next) {
      window.location.assign("/answer/");
      return false;
    }
    stopReading();
    document.title = page.title;
    step().replaceWith(document.adoptNode(next));
    if (address) history.pushState(null, "", address);
    shown = place();
    offerReading();
    focusStep(next.querySelector(".error-summary"));
    return true;
  };

  let telling = 0;
  const say = (text) => {
    clearTimeout(telling);
    const status = region("status");
    status.textContent = "";
    if (text) telling = setTimeout(() => { status.textContent = text; }, 100);
  };

  // ── Sending ───────────────────────────────────────────────────────────────

  const request = (address, options = {}) =>
    fetch(address, {
      ...options,
      headers: { [STEP]: "1", ...options.headers },
      credentials: "same-origin",
      signal: AbortSignal.timeout?.(ANSWER_WITHIN_MS),
    });

  // A gateway that cannot reach the service is as good as no network; so is our own outage page.
  const isAway = (response) => [502, 503, 504].includes(response.status);

  const send = async (answer) => {
    const number = ++asked;
    let response;
    let html;
    try {
      response = await request(answer.action, { method: "POST", body: answer.body });
      html = await response.text();
      if (isAway(response)) throw new TypeError("away");
    } catch {
      if (number === asked) keep(answer);
      return;
    }
    if (number !== asked) return;
    forget();
    if (show(html, response.headers.get(ADDRESS))) say(response.ok ? words.saved : "");
  };

  const keep = (answer) => {
    unsent = answer;
    region("unsent").textContent = words.unsent;
    say("");
    hold(false);
    clearTimeout(retry);
    retry = setTimeout(() => unsent && send(unsent), TRY_AGAIN_MS);
  };

  const forget = () => {
    unsent = null;
    clearTimeout(retry);
    region("unsent").textContent = "";
  };

  window.addEventListener("online", () => unsent && send(unsent));
  window.addEventListener("beforeunload", (event) => { if (unsent) event.preventDefault(); });

  // ── Pressing ──────────────────────────────────────────────────────────────

  // A second press is swallowed while the first is under way. Buttons are not disabled: their name
  // and value must be sent.
  let release = 0;
  const hold = (is_held) => {
    clearTimeout(release);
    document.querySelectorAll("form").forEach((form) => form.toggleAttribute("data-sent", is_held));
    document.querySelectorAll("[data-once]").forEach((button) =>
      is_held ? button.setAttribute("aria-disabled", "true") : button.removeAttribute("aria-disabled"));
    if (is_held) release = setTimeout(hold, HOLD_MS, false);
  };

  // The second tap of two may land when the next question already stands there: it is no answer.
  document.addEventListener("click", (event) => {
    if (event.detail > 1 && event.target.closest("button:not([type=button])")) event.preventDefault();
  });

  document.addEventListener("submit", (event) => {
    const form = event.target;
    const button = event.submitter;
    if (form.hasAttribute("data-sent")) {
      event.preventDefault();
      return;
    }
    const leaves = form.id !== "answer-form" || button?.hasAttribute("formaction");
    if (leaves) {
      forget(); // sending all, or another way to answer: this page and what it holds end here
      hold(true);
      return;
    }
    event.preventDefault();
    hold(true);
    forget();
    const body = new URLSearchParams(new FormData(form));
    if (button?.name) body.append(button.name, button.value);
    send({ action: form.getAttribute("action"), body });
  });

  // Back brings a page as it was left, held buttons and all. What another student may have left is
  // asked for again.
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) window.location.reload();
    else hold(false);
  });

  window.addEventListener("popstate", async () => {
    if (place() === shown) return; // a link within the page
    if (unsent) { // first things first: stay until it is sent
      history.forward();
      return;
    }
    const number = ++asked;
    try {
      const response = await request(window.location.href);
      const html = await response.text();
      if (number === asked) show(html, null);
    } catch {
      window.location.reload();
    }
  });

  // "None of these" clears the others, and any other clears it.
  document.addEventListener("change", (event) => {
    const box = event.target;
    if (!box.matches("input[type=checkbox]") || !box.checked) return;
    const alone = box.hasAttribute("data-exclusive");
    box.closest("fieldset")?.querySelectorAll("input[type=checkbox]").forEach((other) => {
      if (other !== box && (alone || other.hasAttribute("data-exclusive"))) other.checked = false;
    });
  });

  // How much may still be written. The server says it too, and takes nothing away.
  document.addEventListener("input", (event) => {
    const { most } = event.target.dataset;
    const told = region("answer-most");
    if (!most || !told) return;
    const left = most - [...event.target.value.trim()].length;
    told.textContent = told.dataset[left < 0 ? "over" : "left"].replace("{count}", Math.abs(left));
  });

  // ── An hour without anybody ───────────────────────────────────────────────

  let idle = 0;
  const notIdle = () => {
    clearTimeout(idle);
    idle = setTimeout(() => {
      const was_kept = unsent !== null;
      forget();
      const main = step().querySelector("main");
      const told = document.createElement("p");
      told.textContent = words.left;
      main.replaceChildren(told);
      if (!was_kept) window.location.replace("/answer/");
    }, IDLE_MS);
  };
  for (const sign of ["keydown", "pointerdown"]) document.addEventListener(sign, notIdle, { passive: true });
  notIdle();

  // ── Reading aloud ─────────────────────────────────────────────────────────

  const voices = window.speechSynthesis;
  let reading = null;

  const stopReading = () => {
    if (!voices) return;
    reading = null;
    voices.cancel();
    const button = step().querySelector(".read-aloud");
    if (button) {
      button.textContent = words.read;
      button.setAttribute("aria-pressed", "false");
    }
  };

  const canRead = (language) =>
    voices?.getVoices().some((voice) => voice.lang.toLowerCase().startsWith(language));

  const textOf = (node) => {
    const copy = node.cloneNode(true);
    copy.querySelectorAll(".vh, svg").forEach((part) => part.remove());
    return copy.textContent.trim();
  };

  const read = (button) => {
    const field = step().querySelector(".field");
    const parts = field.querySelectorAll("h1, .hint, .choice, .reply");
    const language = (field.lang || document.documentElement.lang).slice(0, 2);
    const said = new SpeechSynthesisUtterance([...parts].map(textOf).join(". "));
    said.lang = language;
    said.voice = voices.getVoices().find((voice) => voice.lang.toLowerCase().startsWith(language));
    said.onend = said.onerror = () => { if (reading === said) stopReading(); };
    reading = said;
    button.textContent = words.stop;
    button.setAttribute("aria-pressed", "true");
    voices.speak(said);
  };

  const offerReading = () => {
    const field = step().querySelector(".field");
    if (!field || step().querySelector(".read-aloud")) return;
    if (!canRead((field.lang || document.documentElement.lang).slice(0, 2))) return;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "read-aloud";
    button.textContent = words.read;
    button.setAttribute("aria-pressed", "false");
    button.addEventListener("click", () => (reading ? stopReading() : read(button)));
    field.before(button);
  };

  voices?.addEventListener?.("voiceschanged", offerReading);
  window.addEventListener("pagehide", stopReading);
  offerReading();

  step().querySelector(".error-summary")?.focus();
})();
