// Search, filters and enlarged pictures. The file is complete without it: it only hides rows and shows pictures again.
"use strict";
(() => {
  const filter = document.querySelector(".filter");
  const fields = [...filter.querySelectorAll("input, select")];
  const rows = [...document.querySelectorAll("tr[data-number]")];
  const parts = new Map();
  for (const part of document.querySelectorAll("[data-part-of]")) {
    parts.set(part.dataset.partOf, [...(parts.get(part.dataset.partOf) ?? []), part]);
  }

  const apply = () => {
    const asked = fields.flatMap((field) => field.type === "search" ? [] : field.type !== "checkbox" ? [field.value] : field.checked ? [field.value] : []);
    const words = filter.querySelector("input[type=search]").value.toLowerCase().split(/\s+/).filter(Boolean);
    let number = 0;
    for (const row of rows) {
      const states = row.dataset.states.split(" ");
      const fits = asked.every((state) => !state || states.includes(state)) && words.every((word) => row.dataset.search.includes(word));
      number += fits;
      for (const part of [row, ...(parts.get(row.dataset.number) ?? [])]) part.hidden = !fits;
    }
    filter.querySelector("output").textContent = `${number} of ${rows.length} documents`;
  };
  for (const field of fields) field.addEventListener("input", apply);
  filter.hidden = false;
  apply();

  const large = document.querySelector("dialog");
  const pane = large.querySelector(".pane");
  let width = 100;
  const show = (wanted) => {
    width = Math.min(400, Math.max(50, wanted));
    pane.firstElementChild.style.width = `${width}%`;
    large.querySelector("output").textContent = `${width} %`;
  };
  document.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    if (button.classList.contains("picture")) {
      const picture = button.querySelector("img").cloneNode();
      pane.replaceChildren(picture);
      large.showModal();
      show(100);
    }
    if (button.dataset.zoom) show(width + Number(button.dataset.zoom));
    if (button.dataset.close !== undefined) large.close();
  });
})();
