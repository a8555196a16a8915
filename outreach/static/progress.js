// Renews the numbers of a campaign while they move. Without it, the page has a Refresh link.
(() => {
  "use strict";
  const box = document.getElementById("progress");
  const news = document.getElementById("progress-news");
  let left = 200; // a page left open must not keep anybody signed in
  const wait = () => {
    const every = box.firstElementChild?.dataset.every;
    if (every && left-- > 0) setTimeout(renew, every * 1000);
  };
  const renew = async () => {
    const read = box.contains(document.activeElement) || box.querySelector("details[open]");
    if (document.hidden || read) return wait();
    try {
      const answer = await fetch(box.dataset.from, { redirect: "error" });
      if (!answer.ok) return;
      const before = box.firstElementChild.dataset.news;
      box.innerHTML = await answer.text();
      const after = box.firstElementChild.dataset.news;
      if (after !== before) news.textContent = after;
    } catch {
      left -= 20;
    }
    wait();
  };
  wait();
})();
