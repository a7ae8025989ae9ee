// The ops of a pipeline as cards with sliders, and their text.

const EITHER = "either", RANGE = "range", NUMBER = "number";

// A value as it is written in a pipeline; {raw} is what somebody typed.
export function literal(value) {
  if (value === null) return "None";
  if (value === true) return "True";
  if (value === false) return "False";
  if (Array.isArray(value)) return value.length === 1 ? `(${literal(value[0])},)` : `(${value.map(literal).join(", ")})`;
  if (typeof value === "object") return value.raw;
  if (typeof value === "string") return `'${value.replace(/[\\']/g, "\\$&")}'`;
  return String(value);
}

const same = (one, other) => literal(one) === literal(other);

// The text of ops: leading fields as positional arguments, defaults left out.
export function written(steps, catalog) {
  return steps.map(({ name, arguments: given }) => {
    const words = [];
    let positional = true;
    for (const { field, default: standard, required } of catalog.get(name).controls) {
      if (!(field in given) || (!required && same(given[field], standard))) { positional = false; continue; }
      words.push(positional ? literal(given[field]) : `${field}=${literal(given[field])}`);
    }
    return words.length ? `${name}(${words.join(", ")})` : name;
  }).join("|") || "none";
}

// The mix behind a pipeline, with its +.
export const mixOf = text => text.match(/\+[^()|]*(\([^)]*\))?$/)?.[0] ?? "";

// What was drawn, in the language of the page.
export const translated = (studio, text) => text.replace(/\b(yes|no|unchanged)\b/g, word => studio.say(word));

// The text, and the places that are switched off, which Explore and Network share.
export const sharedText = studio => studio.state.get("x.spec", studio.info.augment === "none" ? "hflip|rotate(20)|noise(5)" : studio.info.augment);
export const sharedOff = studio => new Set(studio.state.get("x.off").split(",").filter(Boolean).map(Number));

// Steps of 1, 2 or 5 of a decimal place, about a hundred over the span.
function fineness(least, most, whole) {
  if (whole) return 1;
  const rough = (most - least) / 100, power = 10 ** Math.floor(Math.log10(rough));
  return [1, 2, 5].map(times => times * power).filter(step => step <= rough * 1.01).pop() ?? power;
}

const rounded = (number, step) => Number(number.toFixed(Math.max(0, -Math.floor(Math.log10(step)))));

// `changed()` is called when a value changes, `rebuilt()` when the steps do; `off` is a Set of the
// places that are switched off; `ladder(place, field)` shows one.
export function cards(studio, { catalog, size, steps, off, about, changed, rebuilt, ladder }) {
  const { element } = studio;

  function card(step, place) {
    const entry = catalog.get(step.name);
    const on = !off.has(place);
    const alone = on && steps.length > 1 && off.size === steps.length - 1;
    const button = (text, title, onclick, more = {}) => element("button", {
      type: "button", class: "plain", title: studio.say(title), "aria-label": `${studio.say(title)}: ${step.name}`, onclick, ...more,
    }, text);
    const move = by => () => {
      [steps[place], steps[place + by]] = [steps[place + by], steps[place]];
      const there = new Set([...off].map(one => (one === place ? place + by : one === place + by ? place : one)));
      rebuilt(there, place + by);
    };
    const title = element("div", { class: "title" },
      element("label", {}, element("input", {
        type: "checkbox", checked: on, "aria-label": `${studio.say("on")}: ${step.name}`,
        onchange: event => {
          if (event.target.checked) off.delete(place); else off.add(place);
          rebuilt(off, place);
        },
      }), element("strong", { class: "mono" }, step.name)),
      element("span", { class: "buttons" },
        steps.length > 1 && button(studio.say("alone"), "aloneTitle", () => {
          rebuilt(new Set(alone ? [] : [...steps.keys()].filter(one => one !== place)), place);
        }, { "aria-pressed": String(alone), "aria-label": `${studio.say("alone")}: ${step.name}` }),
        place > 0 && button("↑", "up", move(-1)),
        place < steps.length - 1 && button("↓", "down", move(1)),
        button("×", "remove", () => {
          steps.splice(place, 1);
          const left = [...off].filter(one => one !== place).map(one => (one > place ? one - 1 : one));
          rebuilt(new Set(left), Math.min(place, steps.length - 1));
        })));
    return element("li", { class: `card step${on ? "" : " off"}` },
      title, element("p", { class: "soft" }, about(entry)),
      entry.controls.map(control => field(step, place, control)));
  }

  function field(step, place, control) {
    const { field: name, kind } = control;
    const value = () => (name in step.arguments ? step.arguments[name] : control.default);
    const set = next => { step.arguments[name] = next; changed(); };
    const label = `${step.name} ${name}`;
    const row = element("div", { class: "field" });

    function build() {
      const parts = [element("span", { class: "name", title: name }, name.replaceAll("_", "_\u200b"))];
      if (kind === "check") {
        parts.push(element("input", { type: "checkbox", checked: value(), "aria-label": label, onchange: event => set(event.target.checked) }));
      } else if (kind === "choice") {
        const now = control.several ? (value().length === 1 ? value()[0] : null) : value();
        const select = element("select", {
          "aria-label": label,
          onchange: event => {
            const chosen = control.choices[Number(event.target.value)];
            set(control.several ? [chosen] : chosen);
          },
        }, now === null && element("option", { value: "" }, literal(value())),
        control.choices.map((one, number) => element("option", { value: String(number) }, String(one))));
        select.value = now === null ? "" : String(control.choices.indexOf(now));
        parts.push(select);
      } else if (kind === "text" || (kind === NUMBER && typeof value() !== "number" && typeof value() !== "boolean")) {
        parts.push(element("input", { type: "text", class: "mono", value: literal(value()), "aria-label": label, onchange: event => set({ raw: event.target.value }) }));
      } else parts.push(...sliders());
      row.replaceChildren(...parts);
    }

    function sliders() {
      const pair = Array.isArray(value());
      const [least, most] = pair ? [control.low ?? 0, control.high ?? size] : [control.least ?? 0, control.most ?? size];
      const step_ = fineness(least, most, control.whole);
      const shown = element("output", {}, text(value()));
      const slider = end => element("input", {
        type: "range", min: String(least), max: String(most), step: String(step_),
        value: String(pair ? value()[end] : Number(value())),
        "aria-label": pair ? `${label} ${studio.say(end ? "to" : "from")}` : label,
        oninput: event => {
          const number = rounded(Number(event.target.value), step_);
          if (!pair) set(number);
          else {
            const both = [...value()];
            both[end] = number;
            if (both[0] > both[1]) both[1 - end] = number;
            set(both);
            both.forEach((one, which) => { inputs[which].value = String(one); });
          }
          shown.textContent = text(value());
        },
      });
      const inputs = pair ? [slider(0), slider(1)] : [slider(0)];
      const swap = kind === EITHER && element("button", {
        type: "button", class: "plain", title: studio.say("swap"), "aria-label": `${studio.say("swap")}: ${label}`,
        "aria-pressed": String(pair),
        onclick: () => { set(pair ? single(value()) : both(value())); build(); row.querySelector("button").focus(); },
      }, "↔");
      return [element("span", { class: "sliders" }, inputs), shown, swap || element("span"),
        element("button", { type: "button", class: "plain", title: studio.say("ladderTitle"), "aria-label": `${studio.say("ladderTitle")}: ${label}`, onclick: () => ladder(place, name) }, "▁▃▅")];
    }

    const short = number => (typeof number === "number" ? String(Number(number.toPrecision(4))) : String(number));
    const text = one => (Array.isArray(one) ? one.map(short).join(" … ") : control.centre === 1 ? `1 ± ${short(one)}` : control.centre === 0 ? `± ${short(one)}` : short(one));
    const both = one => (control.centre !== null ? [Math.max(control.low, control.centre - one), control.centre + one].map(end => rounded(end, 0.001))
      : control.falling ? [one, control.most] : [Math.min(control.least, one), one]);
    const single = ([low, high]) => (control.centre !== null
      ? Math.min(control.most, rounded(Math.max(Math.abs(low - control.centre), Math.abs(high - control.centre)), 0.001)) : control.falling ? low : high);
    build();
    return row;
  }

  return steps.map(card);
}
