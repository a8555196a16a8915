// Makes pages nicer where scripts run; every page works without this. Nothing is stored, nothing is fetched.
(() => {
  "use strict";

  // A second press is swallowed while the first is under way. The button is not disabled: its name and value must be sent.
  // A form that answers with a download never leaves the page, so the hold ends by itself.
  const HOLD_MS = 8000;
  const release = (form) => {
    form.removeAttribute("data-sent");
    form.querySelectorAll("[data-once]").forEach((button) => button.removeAttribute("aria-disabled"));
  };
  document.addEventListener("submit", (event) => {
    const form = event.target;
    const button = event.submitter || form.querySelector("[data-once]");
    if (event.defaultPrevented || !button || !button.hasAttribute("data-once")) return;
    if (form.hasAttribute("data-sent")) {
      event.preventDefault();
      return;
    }
    form.setAttribute("data-sent", "");
    button.setAttribute("aria-disabled", "true");
    setTimeout(release, HOLD_MS, form);
  });
  // Back brings the page as it was left, held buttons included.
  window.addEventListener("pageshow", () => document.querySelectorAll("form[data-sent]").forEach(release));

  // "None of these" clears the others, and any other clears it.
  document.addEventListener("change", (event) => {
    const box = event.target;
    if (!box.matches("input[type=checkbox]") || !box.checked) return;
    const alone = box.hasAttribute("data-exclusive");
    box.closest("fieldset")?.querySelectorAll("input[type=checkbox]").forEach((other) => {
      if (other !== box && (alone || other.hasAttribute("data-exclusive"))) other.checked = false;
    });
  });

  document.querySelector(".error-summary")?.focus();
})();
