// What public pages do beyond links and forms. Each is right without this. One file, because each
// file is a request of its own.

// Shares by what the device has for it. Text and address come from the page: the address is that of
// the page to pass on, which on a personal page is another one.
(() => {
  if (!navigator.share) return;
  for (const button of document.querySelectorAll(".share-here")) {
    const { title, text, url } = button.dataset;
    // Whoever closes the menu again has simply not shared.
    button.addEventListener("click", () => navigator.share({ title, text, url }).catch(() => {}));
    button.parentElement.hidden = false;
  }
})();

// Prints what stands here.
for (const button of document.querySelectorAll(".print-here")) {
  button.addEventListener("click", () => print());
  button.parentElement.hidden = false;
}

// Keeps the number on a petition page current.
(() => {
  const counter = document.querySelector(".counter[data-url]");
  if (!counter) return;

  const STEP = 10_000;
  const LONGEST = 300_000;
  const QUIET = 60_000;
  const language = document.documentElement.lang;
  const plurals = new Intl.PluralRules(language);
  const numbers = new Intl.NumberFormat(language);
  const forms = JSON.parse(counter.dataset.forms);
  const text = counter.querySelector(".counter-text");
  const progress = counter.querySelector("progress");
  const announcer = counter.querySelector("[role=status]");
  let pause = STEP;
  let timer = null;
  let asking = false;
  let asOf = "";
  let shown = Number(counter.dataset.count);
  let announced = -QUIET;

  const show = (count) => {
    if (count === shown || count < Number(counter.dataset.from)) return;
    const kind = plurals.select(count);
    const form = forms.find(([sample]) => plurals.select(sample) === kind) ?? forms.at(-1);
    const number = document.createElement("strong");
    number.textContent = numbers.format(count);
    text.replaceChildren(form[1], number, form[2]);
    if (progress) progress.value = count;
    // A screen reader is told of changes only, and at most once a minute.
    if (performance.now() - announced >= QUIET) {
      announced = performance.now();
      announcer.textContent = text.textContent;
    }
    shown = count;
  };

  const ask = async () => {
    if (asking) return;
    asking = true;
    try {
      const answer = await fetch(counter.dataset.url);
      if (!answer.ok) throw new Error(answer.status);
      const { count, as_of } = await answer.json();
      const moment = Date.parse(as_of);
      if (asOf === "" || moment > asOf) {
        asOf = moment;
        show(count);
      }
      pause = STEP;
    } catch {
      pause = Math.min(pause * 2, LONGEST);
    }
    asking = false;
    plan();
  };

  const plan = () => {
    clearTimeout(timer);
    if (!document.hidden) timer = setTimeout(ask, pause);
  };

  document.addEventListener("visibilitychange", () => {
    clearTimeout(timer);
    if (!document.hidden) pause === STEP ? ask() : plan();
  });
  plan();
})();
