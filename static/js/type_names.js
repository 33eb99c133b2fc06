// The page works without this. It shows which city an empty field stands for, lets Enter go to
// the next field instead of sending half a sheet, and adds lines when the last one is reached.
(() => {
  const table = document.querySelector("table.typed");
  if (!table) return;
  const body = table.tBodies[0];
  const most = Number(table.dataset.most);
  const fields = () => [...body.querySelectorAll("input")];

  const showCities = () => {
    let above = "";
    for (const city of body.querySelectorAll('input[name="city"]')) {
      city.placeholder = above;
      above = city.value.trim() || above;
    }
  };

  const addLine = () => {
    const line = body.rows[body.rows.length - 1].cloneNode(true);
    const before = body.rows.length;
    line.cells[0].textContent = String(before + 1);
    for (const list of line.querySelectorAll("ul")) list.remove();
    for (const input of line.querySelectorAll("input")) {
      input.value = "";
      input.removeAttribute("aria-invalid");
      input.setAttribute("aria-label", input.getAttribute("aria-label").replace(String(before), String(before + 1)));
    }
    body.append(line);
  };

  body.addEventListener("input", showCities);
  body.addEventListener("focusin", (event) => {
    const last = body.rows[body.rows.length - 1];
    if (last.contains(event.target) && body.rows.length < most) addLine();
    showCities();
  });
  body.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.isComposing) return;
    event.preventDefault();
    const all = fields();
    const next = all[all.indexOf(event.target) + 1];
    if (next) next.focus();
  });
  showCities();
})();
