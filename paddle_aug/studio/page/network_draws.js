// The Network tab's draws: the probability of the right class under an augmentation, and its curve
// over the span of the slider that moves.

import { svg, ticks } from "./chart.js";
import { glosses } from "./glosses.js";
import { bar, percent } from "./network_parts.js";
import { cards, mixOf, sharedOff, sharedText, translated, written } from "./steps.js";

const DRAWS = 11;
const OF_A_RUNG = 4; // draws at each strength of the curve

export function openDraws(room, studio, status) {
  const { element: e, state } = studio;
  let query = null, seed = 0;
  let spec = sharedText(studio), off = sharedOff(studio);
  let catalog = null, steps = null, stepsOf = null; // the steps of the text `stepsOf`; null where it has no sliders
  let before = []; // the arguments of the steps before a slider moved
  let moved = null; // the slider of the curve: {step, field}
  let curve = null; // {key, values, points}
  let wish = 0; // counts the wishes, so that a curve is given up for a newer one

  const text = e("textarea", { rows: "3", spellcheck: false, id: "n-spec", oninput: () => { off = new Set(); set(text.value); } });
  const fault = e("p", { class: "bad", role: "alert" });
  const notes = e("p", { class: "soft" });
  const list = e("ol", { class: "cards stack" });
  const summary = e("p", { role: "status" });
  const chart = e("div", { class: "n-curve" });
  const grid = e("div", { class: "n-grid" });

  function set(wanted) {
    spec = wanted;
    state.set("x.spec", spec);
    state.set("x.off", [...off].join(","));
    ask();
  }

  // -- the sliders

  const about = entry => glosses[studio.language]?.[entry.name] ?? entry.about;

  function fromSteps() {
    spec = stepsOf = text.value = written(steps, catalog) + mixOf(spec); // it stays behind
    before = structuredClone(steps.map(step => step.arguments));
    set(spec);
  }

  function buildCards(focus) {
    list.replaceChildren(...(steps && catalog ? cards(studio, {
      catalog, size: status.image_size, steps, off, about,
      changed: () => { moved = change() ?? moved; fromSteps(); },
      rebuilt: (there, place) => { off = there; moved = null; fromSteps(); buildCards(place); },
      ladder: (step, field) => { moved = { step, field }; ask(); },
    }) : []));
    if (focus !== undefined) list.children[focus]?.querySelector("input")?.focus();
  }

  // The slider whose value is another than before.
  function change() {
    for (const [step, { arguments: now }] of steps.entries()) {
      const field = Object.keys(now).find(one => JSON.stringify(now[one]) !== JSON.stringify(before[step]?.[one]));
      if (field) return { step, field };
    }
    return null;
  }

  // The first slider of a pipeline that is no probability, or the first one.
  function firstSlider() {
    const all = (steps ?? []).flatMap(({ name }, step) => catalog.get(name).controls
      .filter(({ kind }) => ["number", "either", "range"].includes(kind)).map(({ field }) => ({ step, field })));
    return all.find(({ field }) => field !== "p") ?? all[0] ?? null;
  }

  function value() {
    const { name, arguments: given } = steps[moved.step];
    return given[moved.field] ?? catalog.get(name).controls.find(one => one.field === moved.field).default;
  }

  // -- the draws

  const newest = studio.newest(async () => {
    const mine = wish, asked = { ...query, spec, seed, off: off.size ? [...off].join(",") : undefined };
    try {
      const found = await studio.ask("network-draws", { ...asked, count: DRAWS });
      fault.textContent = "";
      notes.textContent = [found.mix && studio.say("mixOut"), found.late && studio.say("late")].filter(Boolean).join(" ");
      if (spec === asked.spec && stepsOf !== spec) {
        steps = found.steps;
        stepsOf = spec;
        moved = null;
        before = structuredClone((steps ?? []).map(step => step.arguments));
        buildCards();
      }
      await show(found);
    } catch (error) {
      fault.textContent = error.message;
      grid.classList.add("n-stale");
      return;
    }
    if (mine === wish) await follow(asked, mine);
  }, () => {});
  function ask() { wish += 1; if (query && catalog) newest(); }

  async function show(found) {
    const cells = found.draws.map((draw, place) => e("figure", { class: status.image_size < 96 ? "n-draw n-small" : "n-draw" },
      e("img", { src: draw.picture, alt: draw.caption }), bar(e, draw.probability, draw.right),
      e("figcaption", {}, draw.right ? "" : e("strong", { class: "bad" }, studio.say("takenFor", draw.guess)),
        e("span", { class: "soft" }, place ? translated(studio, draw.caption) : studio.say("original")))));
    await Promise.all(cells.map(cell => cell.firstChild.decode().catch(() => {})));
    grid.replaceChildren(...cells);
    grid.classList.remove("n-stale");
    const range = studio.say("meanOf", percent(found.mean), percent(found.least), percent(found.most));
    summary.textContent = studio.say("shown", found.draws.length - 1, range);
  }

  // -- the curve: a strength at a time, until there is a newer wish

  async function follow(asked, mine) {
    moved ??= firstSlider();
    if (!moved) { chart.replaceChildren(e("p", { class: "soft" }, studio.say("curveHint"))); return; }
    try {
      const rungs = await studio.ask("network-rungs", { spec: asked.spec, ...moved });
      const key = JSON.stringify([asked.photo, asked.upload, asked.label, seed, asked.off, rungs.texts]);
      if (curve?.key !== key) curve = { key, values: rungs.values, points: [] };
      drawCurve();
      const { points } = curve;
      while (points.length < rungs.texts.length && mine === wish) {
        points.push(await studio.ask("network-draws", { ...asked, spec: rungs.texts[points.length], count: OF_A_RUNG, bare: 1 }));
        drawCurve();
      }
    } catch (error) {
      chart.replaceChildren(e("p", { class: "bad" }, error.message));
    }
  }

  function drawCurve() {
    const width = Math.min(720, chart.clientWidth || 720), height = width < 500 ? 170 : 220, left = 44, right = 12, top = 10, bottom = 30;
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
    for (const tick of ticks(low, high, width / 80)) parts.push(svg("text", { x: x(tick), y: height - 10, "text-anchor": "middle" }, String(tick)));
    if (points.length) {
      const over = points.map((point, place) => at(point.most, place)), under = points.map((point, place) => at(point.least, place));
      parts.push(svg("polygon", { class: "n-band", points: [...over, ...under.reverse()].join(" ") }));
      parts.push(svg("polyline", { class: "n-line", points: points.map((point, place) => at(point.mean, place)).join(" ") }));
      for (const [place, point] of points.entries()) {
        parts.push(svg("circle", { class: "n-dot", cx: x(values[place]), cy: y(point.mean), r: 3.5 },
          svg("title", {}, `${values[place]}: ${studio.say("meanOf", percent(point.mean), percent(point.least), percent(point.most))}`)));
      }
    }
    for (const now of [value()].flat().filter(one => one >= low && one <= high)) {
      parts.push(svg("line", { class: "n-now", x1: x(now), x2: x(now), y1: top, y2: height - bottom }));
    }
    const title = studio.say("curve", status.classes[query.label], `${steps[moved.step].name} ${moved.field}`);
    const summary = points.length ? `${title}: ${values[0]}: ${percent(points[0].mean)}, ${values[points.length - 1]}: ${percent(points.at(-1).mean)}` : title;
    chart.replaceChildren(e("h3", {}, title), svg("svg", { viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "aria-label": summary }, ...parts),
      e("p", { class: "soft" }, studio.say("curveText", OF_A_RUNG, values.length)));
  }

  text.value = spec;
  room.replaceChildren(
    e("h2", {}, studio.say("draws")),
    e("div", { class: "n-text" }, e("label", { class: "soft", for: "n-spec" }, studio.say("spec")), text, fault, notes,
      e("div", { class: "row" }, e("button", { type: "button", class: "n-again", onclick: () => { seed += 1; ask(); } }, studio.say("again"))), list),
    e("div", { class: "stack n-drawn" }, summary, chart, grid));
  studio.ask("catalog", { size: status.image_size }).then(({ entries }) => {
    catalog = new Map(entries.map(entry => [entry.name, entry]));
    ask();
  }, error => studio.toast(error.message));

  return {
    take(chosen) { query = { photo: chosen.photo, upload: chosen.upload, label: chosen.label }; ask(); },
    shown() {
      const wanted = state.get("x.spec", spec);
      if (wanted === spec) { if (curve && curve.points.length < curve.values.length) ask(); return; }
      off = sharedOff(studio);
      text.value = wanted;
      set(wanted);
    },
    hidden() { wish += 1; },
  };
}
