// Copies a text or a link's address without a third party. Without this, it can be selected and
// copied by hand.
(() => {
  const status = document.getElementById("copied");
  const select = (field) => field.select ? field.select() : getSelection().selectAllChildren(field);
  for (const field of document.querySelectorAll("textarea.copied")) {
    field.addEventListener("focus", () => field.select());
  }
  for (const button of document.querySelectorAll("button.copy")) {
    const field = document.getElementById(button.dataset.of);
    const words = button.querySelector("span");
    const label = words.textContent;
    button.hidden = false;
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(field.value ?? field.href);
      } catch {
        select(field); // not over HTTPS, or not allowed
        if (!document.execCommand("copy")) return;
      }
      status.textContent = words.textContent = button.dataset.done;
      setTimeout(() => { status.textContent = ""; words.textContent = label; }, 3000);
    });
  }
})();
