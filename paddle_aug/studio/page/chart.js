// Curves as SVG: thin lines for training, bold ones for evaluation, bands, and values at the pointer.

const SVG = "http://www.w3.org/2000/svg";
const MARGIN = { top: 8, right: 12, bottom: 34, left: 46 };

export function svg(tag, attributes, ...children) {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

/** An exponential moving average, corrected for its start; gaps stay gaps. */
export function smoothed(values, weight) {
  if (!weight) return values;
  let sum = 0, known = 0;
  return values.map(value => {
    if (value === null) return null;
    sum = weight * sum + (1 - weight) * value;
    known = weight * known + (1 - weight);
    return sum / known;
  });
}

/** In each epoch the mean, the sample standard deviation and the number of the curves that have it. */
export function meanOf(curves) {
  const length = Math.max(0, ...curves.map(curve => curve.length));
  return Array.from({ length }, (_, epoch) => {
    const values = curves.map(curve => curve[epoch]).filter(value => value !== null && value !== undefined);
    const count = values.length;
    if (!count) return { mean: null, spread: 0, count };
    const mean = values.reduce((sum, value) => sum + value, 0) / count;
    const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
    return { mean, spread: count > 1 ? Math.sqrt(squares / (count - 1)) : 0, count };
  });
}

/** Round numbers that divide a span into about so many steps. */
export function ticks(low, high, wanted, whole = false) {
  const rough = (high - low) / wanted || 1;
  const power = 10 ** Math.floor(Math.log10(rough));
  let step = power * [1, 2, 2.5, 5, 10].find(factor => factor * power >= rough);
  if (whole) step = Math.max(1, Math.round(step));
  const found = [];
  for (let value = Math.ceil(low / step - 1e-9) * step; value <= high + step * 1e-9; value += step) found.push(+value.toPrecision(12));
  return found;
}

/** A mode's colour, lighter on a dark ground. */
export const shade = colour => `light-dark(${colour}, color-mix(in srgb, ${colour} 60%, white))`;

function coloured(made, property, colour) {
  made.style[property] = shade(colour);
  return made;
}

function path(values, x, y) {
  let text = "", pen = "M";
  values.forEach((value, place) => {
    if (value === null) { pen = "M"; return; }
    text += `${pen}${x(place + 1).toFixed(1)} ${y(value).toFixed(1)}`;
    pen = "L";
  });
  return text;
}

/**
 * Draw curves into `frame`, at its width. `lines` are {name, colour, dash, bold, values, spreads, counts, points};
 * `options` are {title, unit, weight, fromZero, digits, epoch (the word), say}.
 */
export function drawChart(frame, lines, options) {
  const { title, unit, weight, fromZero, digits } = options;
  const width = Math.max(240, frame.clientWidth), height = Math.round(Math.min(360, Math.max(220, width * 0.55)));
  const right = width - MARGIN.right, bottom = height - MARGIN.bottom;
  const drawn = lines.map(line => ({ ...line, smooth: smoothed(line.values, weight) }));
  const epochs = Math.max(1, ...lines.map(line => line.values.length));
  // The raw values count even where they are smoothed: the axis stands still as the slider moves.
  const all = lines.flatMap(line => [
    ...line.values.flatMap((value, place) => (value === null ? [] : [value - line.spreads[place], value + line.spreads[place]])),
    ...line.points.map(([, value]) => value)]);
  let low = all.length ? Math.min(...all) : 0, high = all.length ? Math.max(...all) : 1;
  if (fromZero) low = Math.min(0, low);
  if (high <= low) { high = low + 1; }
  if (low) low -= 0.04 * (high - low);
  high += 0.04 * (high - low);
  const x = epoch => MARGIN.left + (epochs === 1 ? 0.5 : (epoch - 1) / (epochs - 1)) * (right - MARGIN.left);
  const y = value => bottom - (Math.max(low, Math.min(high, value)) - low) / (high - low) * (bottom - MARGIN.top);

  const picture = svg("svg", { width, height, viewBox: `0 0 ${width} ${height}`, role: "img", tabindex: "0", "aria-label": `${title}: ${lines.map(line => line.name).join(", ")}` });
  for (const value of ticks(low, high, 5)) {
    picture.append(svg("line", { class: "gridline", x1: MARGIN.left, x2: right, y1: y(value), y2: y(value) }),
      text(MARGIN.left - 6, y(value) + 4, "end", String(value)));
  }
  for (const value of ticks(1, epochs, Math.min(8, width / 60), true)) {
    if (Number.isInteger(value) && value >= 1) picture.append(text(x(value), bottom + 16, "middle", String(value)));
  }
  picture.append(text((MARGIN.left + right) / 2, height - 3, "middle", options.epoch));
  for (const line of drawn) {
    const look = { "stroke-dasharray": line.dash, "stroke-width": line.bold ? 2.6 : 1.1, fill: "none" };
    if (!weight && line.spreads.some(Boolean)) picture.append(band(line, x, y));
    if (weight) {
      picture.append(coloured(svg("path", { ...look, class: "raw", d: path(line.values, x, y), opacity: 0.3, "stroke-width": 1 }), "stroke", line.colour));
    }
    picture.append(coloured(svg("path", { ...look, class: line.bold ? "eval" : "train", d: path(line.smooth, x, y) }), "stroke", line.colour));
    line.smooth.forEach((value, place) => { // a lone point makes no line
      if (value !== null && (line.smooth[place - 1] ?? null) === null && (line.smooth[place + 1] ?? null) === null) {
        picture.append(coloured(svg("circle", { cx: x(place + 1), cy: y(value), r: line.bold ? 3.5 : 2.2 }), "fill", line.colour));
      }
    });
    for (const [epoch, value] of line.points) {
      picture.append(coloured(svg("path", { d: `M${x(epoch)} ${y(value) - 4}l4 4l-4 4l-4 -4z`, class: "clean" }), "stroke", line.colour));
    }
  }
  const cursor = svg("line", { class: "cursor", y1: MARGIN.top, y2: bottom, x1: 0, x2: 0, visibility: "hidden" });
  picture.append(cursor);

  const values = document.createElement("div");
  values.className = "values";
  values.hidden = true;
  let at = 0;
  function show(epoch) {
    at = Math.max(1, Math.min(epochs, epoch));
    cursor.setAttribute("visibility", "visible");
    cursor.setAttribute("x1", x(at));
    cursor.setAttribute("x2", x(at));
    const rows = drawn.filter(line => line.values[at - 1] !== null && line.values[at - 1] !== undefined)
      .sort((one, other) => other.values[at - 1] - one.values[at - 1]);
    values.replaceChildren(row("b", `${options.epoch} ${at}`), ...rows.map(line => {
      const spread = line.counts[at - 1] > 1 ? ` ± ${line.spreads[at - 1].toFixed(digits)} (n = ${line.counts[at - 1]})` : "";
      const made = row("span", `${line.name}: ${line.values[at - 1].toFixed(digits)}${unit}${spread}`);
      const key = document.createElement("i");
      key.style.background = shade(line.colour);
      key.style.height = line.bold ? "4px" : "2px";
      made.prepend(key);
      return made;
    }));
    values.hidden = false;
    const left = x(at) > width / 2;
    values.style.left = left ? "" : `${x(at) + 10}px`;
    values.style.right = left ? `${width - x(at) + 10}px` : "";
  }
  function hide() { values.hidden = true; cursor.setAttribute("visibility", "hidden"); }
  picture.addEventListener("pointermove", event => {
    const share = (event.clientX - picture.getBoundingClientRect().left - MARGIN.left) / (right - MARGIN.left);
    show(Math.round(1 + share * (epochs - 1)));
  });
  picture.addEventListener("pointerleave", hide);
  picture.addEventListener("blur", hide);
  picture.addEventListener("keydown", event => {
    const step = { ArrowLeft: -1, ArrowRight: 1, PageUp: -10, PageDown: 10 }[event.key];
    if (step) { event.preventDefault(); show((at || epochs) + step); }
    if (event.key === "Escape") hide();
  });
  frame.replaceChildren(picture, values);
}

function row(tag, content) {
  const made = document.createElement("div");
  const inner = document.createElement(tag);
  inner.textContent = content;
  made.append(inner);
  return made;
}

function text(x, y, anchor, content) {
  const made = svg("text", { x, y, "text-anchor": anchor });
  made.textContent = content;
  return made;
}

function band(line, x, y) {
  const upper = [], lower = [];
  line.values.forEach((value, place) => {
    if (value === null) return;
    upper.push(`${x(place + 1).toFixed(1)} ${y(value + line.spreads[place]).toFixed(1)}`);
    lower.unshift(`${x(place + 1).toFixed(1)} ${y(value - line.spreads[place]).toFixed(1)}`);
  });
  return coloured(svg("path", { class: "band", d: `M${[...upper, ...lower].join("L")}z` }), "fill", line.colour);
}
