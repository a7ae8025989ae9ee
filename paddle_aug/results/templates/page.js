// What a page does beyond being read: its tables sort, and its charts tell their values.
"use strict";
(() => {
  const element = (tag, attributes, ...children) => {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    made.append(...children);
    return made;
  };

  const number = text => parseFloat(text.replaceAll(",", "").replace("−", "-").replace(/^[^\d.+-]+/, ""));

  // A cell sorts by its data-value or its first number; one without a number, such as a dash, is last.
  function sortValue(cell) {
    const text = cell.dataset.value ?? cell.textContent.trim();
    if (/^[–-]?$/.test(text)) return null;
    if (cell.classList.contains("text")) return text;
    return Number.isNaN(number(text)) ? null : number(text);
  }

  function sort(table, column, ascending) {
    const rows = [...table.tBodies[0].rows].map(row => [sortValue(row.cells[column]), row]);
    rows.sort(([one], [other]) => {
      if (one === null || other === null) return (one === null) - (other === null);
      const order = typeof one === "number" ? one - other : one.localeCompare(other, undefined, { numeric: true });
      return ascending ? order : -order;
    });
    table.tBodies[0].append(...rows.map(([, row]) => row));
  }

  for (const table of document.querySelectorAll("table.sorts")) {
    const heads = [...table.tHead.rows[0].cells];
    for (const [column, head] of heads.entries()) {
      const button = element("button", { type: "button" }, ...head.childNodes);
      button.addEventListener("click", () => {
        const ascending = head.getAttribute("aria-sort") !== "ascending";
        for (const other of heads) other.removeAttribute("aria-sort");
        head.setAttribute("aria-sort", ascending ? "ascending" : "descending");
        sort(table, column, ascending);
      });
      head.append(button);
    }
  }

  const MOST = 12; // modes whose values are shown at once

  // Values of the stop (an epoch, a row, …) that is nearest to the pointer, or that the arrows reach.
  for (const chart of document.querySelectorAll("svg.chart")) {
    const across = chart.dataset.along === "x";
    const stops = JSON.parse(chart.dataset.stops);
    const series = [...chart.querySelectorAll(".marks")].map(marks => ({ marks, values: JSON.parse(marks.dataset.values) }));
    for (const title of chart.querySelectorAll("title")) title.remove(); // the browser's own tooltip
    const { width, height } = chart.viewBox.baseVal;
    const cursor = document.createElementNS("http://www.w3.org/2000/svg", "path");
    cursor.setAttribute("class", "cursor");
    chart.prepend(cursor); // below the names
    const box = element("div", { class: "values", role: "status", hidden: "" });
    chart.after(box);
    chart.setAttribute("tabindex", "0");
    let at = null;

    const seen = stop => series.filter(({ marks, values }) => values[stop] !== null && getComputedStyle(marks).display !== "none");
    const visible = () => [...stops.keys()].filter(stop => seen(stop).length);

    // A line a mode, the highest value first: of its parts, that of eval, which is drawn last.
    function valuesOf(stop) {
      const lines = new Map();
      for (const { marks, values } of seen(stop).reverse()) {
        const { name, part } = marks.dataset, text = `${part} ${values[stop]}`.trim();
        if (lines.has(name)) lines.get(name).texts.push(text);
        else lines.set(name, { name, style: marks.getAttribute("style"), value: number(values[stop]), texts: [text] });
      }
      return [...lines.values()].sort((one, other) => other.value - one.value);
    }

    const hide = () => { box.hidden = true; cursor.setAttribute("d", ""); };

    function show(stop) {
      const [place, name] = stops[stop];
      at = stop;
      cursor.setAttribute("d", across ? `M${place} 20V${height - 34}` : `M0 ${place}H${width}`);
      const lines = valuesOf(stop), more = lines.length > MOST ? ["…"] : [];
      box.replaceChildren(element("b", {}, name), ...lines.slice(0, MOST).map(line => element("div", {},
        element("span", { class: "swatch", style: line.style }),
        `${across ? `${line.name}: ` : ""}${line.texts.join(", ")}`)), ...more);
      box.hidden = false;
      box.style.left = "0"; // where it has all the width that it wants
      // The box is beside the chart, or below it where there is no room.
      const scale = chart.clientWidth / width, level = scale * (across ? height / 2 : place);
      const beside = chart.clientWidth + 8 + box.offsetWidth <= box.parentElement.clientWidth;
      if (beside) box.style.left = `${chart.clientWidth + 8}px`;
      box.style.top = `${beside ? Math.max(0, level - box.offsetHeight / 2) : chart.clientHeight}px`;
    }

    function step(way) {
      const shown = visible();
      if (!shown.length) return;
      const now = shown.indexOf(at), start = now >= 0 ? now : way < 0 ? shown.length : -1;
      show(shown[Math.max(0, Math.min(shown.length - 1, start + way))]);
    }

    chart.addEventListener("pointermove", event => {
      const bounds = chart.getBoundingClientRect();
      const here = across ? (event.clientX - bounds.left) / bounds.width * width : (event.clientY - bounds.top) / bounds.height * height;
      const shown = visible();
      if (shown.length) show(shown.reduce((best, stop) => Math.abs(stops[stop][0] - here) < Math.abs(stops[best][0] - here) ? stop : best));
    });
    document.addEventListener("keydown", event => { if (event.key === "Escape") hide(); });
    chart.addEventListener("pointerleave", hide);
    chart.addEventListener("blur", hide);
    chart.addEventListener("focus", () => { if (chart.matches(":focus-visible")) step(0); });
    chart.addEventListener("keydown", event => {
      const way = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1, PageUp: -10, PageDown: 10, Home: -1e9, End: 1e9 }[event.key];
      if (way === undefined) return;
      event.preventDefault();
      step(way);
    });
  }
})();
