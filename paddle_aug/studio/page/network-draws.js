// The Network tab's draws: the probability of the right class under an augmentation, and its curve
// over the span of the slider that moves.

import { bar, percent } from "./network-parts.js";
import { ticks } from "./chart.js";

const DRAWS = 11;
const OF_A_RUNG = 4; // draws at each strength of the curve
const SVG = "http://www.w3.org/2000/svg";

export function openDraws(room, studio, status) {
  const { element: e, state } = studio;
  let query = null, seed = 0, shownSpec = null;
  let moved = null; // the slider of the curve: {step, field, name}
  let curve = null; // {key, values, points}
  let wish = 0; // counts the wishes, so that a curve is given up for a newer one

  const text = e("textarea", { rows: "3", spellcheck: "false", id: "n-spec", oninput: () => set(text.value) });
  const fault = e("p", { class: "bad", role: "status" });
  const sliders = e("div", { class: "stack" });
  const summary = e("p", { role: "status" });
  const chart = e("div", { class: "n-curve" });
  const grid = e("div", { class: "n-grid" });

  function set(spec) {
    state.set("x.spec", spec);
    ask();
  }

  // -- the draws

  const newest = studio.newest(async () => {
    const mine = wish, spec = state.get("x.spec", "");
    shownSpec = spec;
    try {
      const found = await studio.ask("network-draws", { ...query, spec, seed, count: DRAWS });
      fault.textContent = found.mix ? studio.say("mixOut") : "";
      await show(found);
    } catch (error) {
      fault.textContent = error.message;
      grid.classList.add("n-stale");
      return;
    }
    await follow(spec, mine);
  }, () => {});
  function ask() { wish += 1; if (query) newest(); }

  async function show(found) {
    const cells = found.draws.map(draw => e("figure", { class: draw.picture.startsWith("data:image/png") ? "n-draw n-small" : "n-draw" },
      e("img", { src: draw.picture, alt: draw.caption }), bar(e, draw.probability, draw.right),
      e("figcaption", {}, draw.right ? "" : e("strong", { class: "bad" }, `${studio.say("takenFor", draw.guess)} `), e("span", { class: "soft" }, draw.caption))));
    await Promise.all(cells.map(cell => cell.firstChild.decode().catch(() => {})));
    grid.replaceChildren(...cells);
    grid.classList.remove("n-stale");
    const range = studio.say("meanOf", percent(found.mean), percent(found.least), percent(found.most));
    summary.textContent = studio.say("shown", found.draws.length, range);
  }

  // -- the curve: a strength at a time, until there is a newer wish

  async function follow(spec, mine) {
    if (!moved) { chart.replaceChildren(e("p", { class: "soft" }, studio.say("curveHint"))); return; }
    let rungs;
    try {
      rungs = await studio.ask("network-rungs", { spec, step: moved.step, field: moved.field });
    } catch { moved = null; chart.replaceChildren(); return; }
    const key = JSON.stringify([query, seed, rungs.texts]);
    if (curve?.key !== key) curve = { key, values: rungs.values, points: [] };
    const own = curve;
    drawCurve();
    while (own.points.length < rungs.texts.length && mine === wish) {
      const found = await studio.ask("network-draws", { ...query, spec: rungs.texts[own.points.length], seed, count: OF_A_RUNG, bare: 1 });
      own.points.push(found);
      drawCurve();
    }
  }

  function svg(tag, attributes, ...children) {
    const made = document.createElementNS(SVG, tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    made.append(...children);
    return made;
  }

  function drawCurve() {
    const width = 720, height = 220, left = 44, right = 12, top = 10, bottom = 30;
    const { values, points } = curve;
    const low = Math.min(...values), high = Math.max(...values);
    const x = value => left + (width - left - right) * (value - low) / (high - low || 1);
    const y = share => top + (height - top - bottom) * (1 - share);
    const at = (share, place) => `${x(values[place]).toFixed(1)},${y(share).toFixed(1)}`;
    const parts = [];
    for (const share of [0, 0.25, 0.5, 0.75, 1]) {
      parts.push(svg("line", { class: "n-axis", x1: left, x2: width - right, y1: y(share), y2: y(share) }));
      parts.push(svg("text", { x: left - 6, y: y(share) + 4, "text-anchor": "end" }, `${100 * share} %`));
    }
    for (const tick of ticks(low, high, 8)) parts.push(svg("text", { x: x(tick), y: height - 10, "text-anchor": "middle" }, String(tick)));
    if (points.length) {
      const over = points.map((point, place) => at(point.most, place)), under = points.map((point, place) => at(point.least, place));
      parts.push(svg("polygon", { class: "n-band", points: [...over, ...under.reverse()].join(" ") }));
      parts.push(svg("polyline", { class: "n-line", points: points.map((point, place) => at(point.mean, place)).join(" ") }));
      for (const [place, point] of points.entries()) {
        parts.push(svg("circle", { class: "n-dot", cx: x(values[place]), cy: y(point.mean), r: 3.5 },
          svg("title", {}, `${values[place]}: ${studio.say("meanOf", percent(point.mean), percent(point.least), percent(point.most))}`)));
      }
    }
    if (moved.value !== undefined && moved.value >= low && moved.value <= high) {
      parts.push(svg("line", { class: "n-now", x1: x(moved.value), x2: x(moved.value), y1: top, y2: height - bottom }));
    }
    const title = studio.say("curve", status.classes[query.label], moved.name);
    const summary = points.length ? `${title}: ${values[0]}: ${percent(points[0].mean)}, ${values[points.length - 1]}: ${percent(points.at(-1).mean)}` : title;
    chart.replaceChildren(e("h3", {}, title), svg("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": summary }, ...parts),
      e("p", { class: "soft" }, studio.say("curveText", OF_A_RUNG, values.length)));
  }

  room.replaceChildren(
    e("div", { class: "n-text" }, e("h2", {}, studio.say("draws")), e("label", { class: "soft", for: "n-spec" }, studio.say("spec")), text, fault, sliders,
      e("div", { class: "row" }, e("button", { type: "button", onclick: () => { seed += 1; ask(); } }, studio.say("again")))),
    e("div", { class: "stack n-drawn" }, summary, chart, grid));

  return {
    take(chosen) { query = { photo: chosen.photo, upload: chosen.upload, label: chosen.label }; ask(); },
    shown() { if (shownSpec !== null && state.get("x.spec", "") !== shownSpec) { text.value = state.get("x.spec", ""); ask(); } },
    hidden() { wish += 1; },
  };
}
