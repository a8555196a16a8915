// A Copy button behind each value of the IT team's page. Without scripts, or where the browser keeps the clipboard shut, there is none.
(() => {
  "use strict";
  if (!navigator.clipboard) return;
  const said = document.querySelector("[data-copied]");
  document.querySelectorAll("[data-copy]").forEach((value) => {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "copy";
    button.textContent = "Copy";
    button.setAttribute("aria-label", `Copy ${value.textContent}`);
    button.addEventListener("click", async () => {
      let words = "Copied";
      try {
        await navigator.clipboard.writeText(value.textContent);
      } catch {
        words = "Not copied: select it and copy it by hand";
      }
      button.textContent = words;
      if (said) said.textContent = `${words}: ${value.textContent}`;
      setTimeout(() => { button.textContent = "Copy"; }, 4000);
    });
    value.after(" ", button);
  });
})();
