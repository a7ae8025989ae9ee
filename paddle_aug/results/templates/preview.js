// A preview answers: its filter hides pictures, and a picture opens beside its original.
"use strict";
(() => {
  const byId = id => document.getElementById(id);
  const draws = [...document.querySelectorAll(".draw")];
  const shown = () => draws.filter(draw => draw.checkVisibility());

  const wordsOf = new Map(draws.map(draw => {
    const cell = draw.closest("td"), table = draw.closest("table");
    const column = table.tHead.rows[0].cells[cell.cellIndex].textContent;
    return [draw, `${column} ${draw.firstElementChild.alt} ${draw.textContent}`.toLowerCase()];
  }));

  byId("filter").addEventListener("input", event => {
    const wanted = event.target.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const draw of draws) draw.hidden = !wanted.every(word => wordsOf.get(draw).includes(word));
    const fits = within => !within.length || within.some(draw => !draw.hidden);
    for (const chapter of document.querySelectorAll(".chapter")) {
      const table = chapter.querySelector("table"), rows = [...table.tBodies[0].rows];
      for (const row of rows) row.hidden = !fits([...row.querySelectorAll(".draw")]);
      for (const head of [...table.tHead.rows[0].cells].slice(1)) {
        const cells = rows.map(row => row.cells[head.cellIndex]);
        const hidden = !fits(cells.flatMap(cell => [...cell.querySelectorAll(".draw")]));
        for (const cell of [head, ...cells]) cell.hidden = hidden;
      }
      chapter.hidden = !fits([...chapter.querySelectorAll(".draw")]);
    }
    const left = draws.filter(draw => !draw.hidden).length;
    const text = byId("found").dataset.text.replace("{left}", left).replace("{all}", draws.length);
    byId("found").textContent = wanted.length ? text : "";
  });

  const dialog = byId("compare"), before = byId("before");
  let at = null;

  function show(draw) {
    at = draw;
    const image = draw.firstElementChild;
    dialog.style.setProperty("--width", `${image.width && image.naturalWidth}px`);
    byId("compared").textContent = image.alt;
    byId("how").textContent = draw.textContent.trim() || byId("how").dataset.unchanged;
    byId("after").replaceChildren(image.cloneNode());
    if (before) before.className = `original-${draw.dataset.original}`;
    if (!dialog.open) dialog.showModal();
  }

  function step(way) {
    const open = shown(), now = open.indexOf(at);
    show(open[(now + way + open.length) % open.length]);
  }

  for (const draw of draws) draw.addEventListener("click", () => show(draw));
  byId("previous").addEventListener("click", () => step(-1));
  byId("next").addEventListener("click", () => step(1));
  byId("close").addEventListener("click", () => dialog.close());
  dialog.addEventListener("click", event => { if (event.target === dialog) dialog.close(); });
  dialog.addEventListener("close", () => at.focus());
  dialog.addEventListener("keydown", event => {
    const way = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (way === undefined) return;
    event.preventDefault();
    step(way);
  });
})();
