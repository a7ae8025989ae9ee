// The Explore tab: a photo, an augmentation as text and sliders, and what training would see.

import { catalogDialog, start } from "./catalog.js";
import { words } from "./explore_words.js";
import { glosses } from "./glosses.js";
import { cards, mixOf, sharedOff, sharedText, translated, written } from "./steps.js";
import { viewer } from "./viewer.js";

export { words };

const SIZES = [32, 64, 96, 128, 160, 224, 320, 448];
const COUNTS = { one: [3, 5, 7, 11, 15, 23, 35], many: [1, 2, 3, 4], two: [3, 5, 7, 8, 11] };
const SPREAD = 6; // photos of the view "many"
const STRIP = 16, MORE = 48;

export function open(room, studio) {
  const { element, state, say = studio.say.bind(studio) } = studio;
  const info = studio.info;
  const get = (key, otherwise) => state.get(`x.${key}`, otherwise);
  const put = (key, value, standard) => state.set(`x.${key}`, String(value) === String(standard) ? "" : value);

  const model = {
    specs: [sharedText(studio), get("spec2", "trivialaugment")],
    steps: [null, null], // of the two texts; null where a text has no sliders
    answers: [],
    active: 0,
    off: sharedOff(studio),
    photo: get("photo", "0"),
    view: get("view", "one"),
    size: Number(get("size", info.size)),
    epoch: Number(get("epoch", "0")),
    counts: { one: 11, many: 3, two: 5 },
    spread: [],
  };
  if (!(model.view in COUNTS)) model.view = "one";
  model.counts[model.view] = Number(get("count", model.counts[model.view]));

  let catalog = new Map(), dialog = null, strip = [], shownText = [null, null];
  const large = viewer(studio);
  const about = entry => glosses[studio.language]?.[entry.group === "mixes" ? `+${entry.name}` : entry.name]
    ?? entry.about.replaceAll("`", "");

  function remember() {
    put("spec", model.specs[0]);
    put("spec2", model.view === "two" ? model.specs[1] : "");
    put("off", [...model.off].sort((one, other) => one - other).join(","));
    put("photo", model.photo, "0");
    put("view", model.view, "one");
    put("size", model.size, info.size);
    put("epoch", model.epoch, 0);
    put("count", model.counts[model.view], { one: 11, many: 3, two: 5 }[model.view]);
  }

  // -- asking and showing

  function query(which) {
    return {
      spec: model.specs[which], size: model.size, epoch: model.epoch, count: model.counts[model.view],
      photos: model.view === "many" && model.spread.length ? model.spread.join(",") : model.photo,
      off: which === model.active && model.off.size ? [...model.off].join(",") : undefined,
    };
  }

  const draw = studio.newest(async () => {
    const asked = { view: model.view, queries: (model.view === "two" ? [0, 1] : [0]).map(query) };
    const answers = await Promise.all(asked.queries.map(
      one => studio.ask("draws", one).catch(error => ({ error: error.message }))));
    return { asked, answers };
  }, async ({ asked, answers }) => {
    const fine = answers.every(answer => !answer.error);
    places.error.textContent = answers.map(answer => answer.error).filter(Boolean).join("\n");
    places.error.hidden = fine;
    places.grids.classList.toggle("stale", !fine);
    for (const [which, answer] of answers.entries()) if (!answer.error) adopt(which, asked.queries[which].spec, answer.steps);
    if (!fine) return;
    await pictures(asked, answers);
    facts(asked, answers);
  });

  function wish() { remember(); return draw(); }

  // The steps of a text that was typed; what the sliders wrote is known already.
  function adopt(which, text, steps) {
    if (shownText[which] === text || model.specs[which] !== text) return;
    model.steps[which] = steps;
    shownText[which] = text;
    if (which === model.active) buildCards();
  }

  const caption = ops => ops.map(([name, values]) => `${name} ${translated(studio, values)}`.trim()).join(" · ") || say("unchanged");

  async function pictures(asked, answers) {
    const list = [];
    const grids = answers.map((answer, which) => {
      const figures = answer.originals.flatMap(original => {
        const at = { ...asked.queries[which], photo: original.photo, photos: undefined, count: undefined };
        const name = [original.class, original.path.split("/").pop()].filter(Boolean).join(" · ");
        const first = figure(list.push({ original, query: at, words: name }) - 1, original.source,
          asked.view === "many" ? original.class || name : say("original"), name, "original");
        return [first, ...original.draws.map(one => {
          const words = caption(one.ops);
          const place = list.push({ original, draw: one, query: at, words }) - 1;
          return figure(place, one.source, words, `${say("epoch", one.epoch + 1)}: ${words}`, "");
        })];
      });
      const grid = element("div", { class: "grid" }, figures);
      return asked.view === "two" ? element("section", {}, element("h3", {}, say(which ? "second" : "first")), grid) : grid;
    });
    await Promise.all(grids.flatMap(grid => [...grid.querySelectorAll("img")]).map(image => image.decode().catch(() => {})));
    model.list = list;
    const focused = document.activeElement?.dataset?.place;
    places.grids.className = `grids ${asked.view}${model.size < 96 ? " pixels" : ""}`;
    places.grids.replaceChildren(...grids);
    if (focused) places.grids.querySelector(`[data-place="${focused}"]`)?.focus();
  }

  function figure(place, source, words, title, kind) {
    return element("figure", { class: kind },
      element("button", { type: "button", "data-place": String(place), title, "aria-label": title, onclick: event => large.show(model.list, place, event.currentTarget) },
        element("img", { src: source, alt: "" })),
      element("figcaption", {}, words));
  }

  function facts(asked, answers) {
    const touched = answers.map(answer => (answer.steps?.length === 0 ? [] : answer.warnings));
    const warnings = touched.flatMap((found, which) => found.map(({ kind, count, of, steps }) => {
      const names = steps?.map(place => answers[which].steps?.[place]?.name ?? "").join(", ");
      return (asked.view === "two" ? `${say(which ? "second" : "first")}: ` : "") + (kind === "hidden" ? say(kind, count, of) : say(kind, names));
    }));
    if (answers.some(answer => answer.late)) warnings.push(say("late"));
    places.warnings.replaceChildren(...warnings.map(text => element("p", { class: "warning" }, text)));
    const notes = answers.filter(answer => answer.mix).map(answer => say("mix", answer.mix));
    const upload = asked.view !== "many" && !/^\d+$/.test(model.photo);
    if (model.off.size) notes.push(say("offNote"));
    else if (!notes.length) notes.push(say(upload ? "equalUpload" : "equal", info.seed));
    if (asked.view === "many") notes.unshift(say("spread", model.spread.length));
    places.notes.replaceChildren(...notes.map(text => element("p", { class: "soft" }, text)));
    places.time.textContent = answers.map(answer => say("milliseconds", answer.milliseconds < 10 ? answer.milliseconds.toFixed(1) : Math.round(answer.milliseconds))).join(" · ");
    places.epochs.textContent = say("epochs", model.epoch + 1, model.epoch + model.counts[model.view]);
    places.again.hidden = model.epoch === 0;
    model.answers = answers;
    showCommands();
  }

  // Those of the text that is being edited, which the view of two texts names.
  function showCommands() {
    const which = Math.min(model.active, model.answers.length - 1);
    for (const key of ["command", "python"]) {
      places[key].textContent = model.answers[which]?.[key] ?? "";
      places[`${key}Label`].textContent = model.view === "two" ? `${say(key)}: ${say(which ? "second" : "first")}` : say(key);
    }
  }

  // -- the pipeline

  function setText(which, text) {
    model.specs[which] = text;
    places.texts[which].value = text;
  }

  function buildCards(focus) {
    if (!catalog.size) return; // it builds them when it comes
    const steps = model.steps[model.active];
    const list = steps ? cards(studio, {
      catalog, size: model.size, steps, off: model.off, about,
      changed: () => { fromSteps(); wish(); },
      rebuilt: (off, place) => {
        model.off = new Set(off);
        fromSteps();
        buildCards(place);
        wish();
      },
      ladder: showLadder,
    }) : [];
    const empty = steps?.length === 0 ? say("whole") : steps ? "" : say("text");
    places.cards.replaceChildren(...list);
    places.empty.textContent = empty;
    places.empty.hidden = !empty;
    if (focus >= 0) places.cards.children[focus]?.querySelector("input")?.focus();
  }

  // The text that the sliders write; a mix behind a + stays.
  function fromSteps() {
    const text = written(model.steps[model.active], catalog) + mixOf(model.specs[model.active]);
    setText(model.active, text);
    shownText[model.active] = text;
  }

  function typed(which, text) {
    setText(which, text);
    activate(which);
    model.off = new Set();
    wish();
  }

  function activate(which) {
    if (model.active === which) return;
    model.active = which;
    model.off = new Set();
    buildCards();
    for (const [place, area] of places.texts.entries()) area.classList.toggle("active", place === which);
    showCommands();
  }

  function choose(entry) {
    const now = model.specs[model.active].trim();
    const [plain, ...mix] = now.split("+");
    if (entry.group === "mixes") return typed(model.active, `${plain}+${entry.text}`);
    const adds = entry.controls && plain.trim() && plain.trim() !== "none";
    typed(model.active, (adds ? `${plain.trim()}|${entry.text}` : entry.text) + (entry.controls ? mix.map(one => `+${one}`).join("") : ""));
  }

  async function showLadder(place, field) {
    let answer;
    try {
      answer = await studio.ask("ladder", { spec: model.specs[model.active], place, field, size: model.size, photo: model.photo, epoch: model.epoch });
    } catch (error) { studio.toast(error.message); return; }
    const step = model.steps[model.active][place];
    places.ladder.replaceChildren(
      element("div", { class: "row heading" }, element("h3", {}, say("ladder", answer.name, field)),
        element("button", { type: "button", class: "plain", "aria-label": say("close"), onclick: () => { places.ladder.hidden = true; } }, "×")),
      element("div", { class: "rungs" }, answer.rungs.map(({ value, source }) => {
        const shown = String(Array.isArray(value) ? value[0] : value);
        const one = catalog.get(step.name).controls.find(control => control.field === field);
        return element("button", {
          type: "button", "aria-label": `${answer.name} ${field} ${shown}`,
          onclick: () => { step.arguments[field] = taken(one, value); fromSteps(); buildCards(place); wish(); },
        }, element("img", { src: source, alt: "" }), element("span", {}, shown));
      })));
    places.ladder.hidden = false;
    places.ladder.scrollIntoView({ block: "nearest" });
  }

  // What a rung means as the field's own kind of value: "up to this much", or a range up to it.
  function taken({ kind, centre, low, falling, high }, value) {
    if (!Array.isArray(value)) return value;
    if (kind === "either") return centre === null ? value[0] : Number(Math.abs(value[0] - centre).toFixed(3));
    return falling ? [value[0], high] : [Math.min(low, value[0]), value[0]];
  }

  // -- photos

  async function loadStrip() {
    const { photos } = await studio.ask("photos", { count: STRIP });
    strip = photos;
    model.spread = spreadOf(photos);
    buildStrip();
  }

  const spreadOf = photos => Array.from({ length: Math.min(SPREAD, photos.length) },
    (_, place) => photos[Math.floor(place * photos.length / Math.min(SPREAD, photos.length))].photo);

  function buildStrip() {
    places.strip.replaceChildren(...strip.map(({ photo, path, class: name }) => {
      const title = [name, path].filter(Boolean).join(" · ");
      return element("button", {
        type: "button", "aria-pressed": String(photo === model.photo), title, "aria-label": title, onclick: () => take(photo),
      }, element("img", { src: studio.address("thumb", { photo }), alt: "", loading: "lazy" }));
    }));
    places.number.value = /^\d+$/.test(model.photo) && model.photo.length < 12 ? model.photo : "";
  }

  function take(photo) {
    model.photo = photo;
    if (model.view === "many") setView("one"); else { buildStrip(); wish(); }
  }

  async function showMore() {
    const last = strip.filter(one => one.more).at(-1);
    const from = last ? Number(last.photo) + 1 : 0;
    if (from >= info.images) return;
    const { photos } = await studio.ask("photos", { from, count: MORE });
    strip.push(...photos.map(one => ({ ...one, more: true })));
    buildStrip();
  }

  async function upload(files) {
    const file = [...(files ?? [])][0];
    const answer = file && await studio.upload(file);
    if (!answer) return;
    strip = [{ ...answer, class: "" }, ...strip.filter(one => one.photo !== answer.photo)];
    take(answer.photo);
  }

  function setView(view) {
    model.view = view;
    if (view !== "two") activate(0);
    buildToolbar();
    buildStrip();
    places.second.hidden = view !== "two";
    wish();
  }

  // -- the page

  const places = {};

  function buildToolbar() {
    const select = (key, values, now, onchange) => {
      const options = values.includes(now) ? values : [...values, now].sort((one, other) => one - other);
      const made = element("select", { onchange: event => onchange(Number(event.target.value)) }, options.map(one => element("option", { value: String(one) }, String(one))));
      made.value = String(now);
      return element("label", { class: "soft" }, `${say(key)} `, made);
    };
    places.toolbar.replaceChildren(
      element("div", { class: "segments", role: "group", "aria-label": say("view") }, ["one", "many", "two"].map(view => element("button", {
        type: "button", "aria-pressed": String(model.view === view), onclick: () => setView(view),
      }, say(view)))),
      select("size", SIZES, model.size, value => { model.size = value; buildCards(); wish(); }),
      select("draws", COUNTS[model.view], model.counts[model.view], value => { model.counts[model.view] = value; wish(); }),
      element("button", { type: "button", onclick: () => { model.epoch += model.counts[model.view]; wish(); } }, say("next")),
      places.again = element("button", { type: "button", hidden: model.epoch === 0, onclick: () => { model.epoch = 0; wish(); } }, say("first1")),
      places.epochs = element("span", { class: "soft" }), places.time = element("span", { class: "soft" }));
  }

  function build() {
    const area = which => element("textarea", {
      rows: 3, spellcheck: false, class: which === model.active ? "active" : "", "aria-label": say(which ? "second" : "augmentation"), value: model.specs[which],
      oninput: event => typed(which, event.target.value), onfocus: () => model.view === "two" && activate(which),
    });
    const picker = element("input", { type: "file", accept: "image/*", hidden: true, onchange: event => { upload(event.target.files); event.target.value = ""; } });
    const line = key => element("div", { class: "copy" }, places[`${key}Label`] = element("span", { class: "soft" }, say(key)), places[key] = element("code", { tabindex: "0" }),
      studio.copyButton(places[key], say(key)));
    places.texts = [area(0), area(1)];
    room.replaceChildren(element("div", { class: "explore" },
      element("div", { class: "controls stack" },
        element("section", { class: "stack" },
          element("div", { class: "row" }, element("h2", {}, say("photo")),
            element("label", { class: "soft" }, `${say("number")} `, places.number = element("input", {
              type: "number", min: "0", max: String(Math.max(0, info.images - 1)), class: "index",
              onchange: event => event.target.value !== "" && take(String(Math.max(0, Math.min(info.images - 1, Number(event.target.value))))),
            })),
            element("button", { type: "button", title: say("drop"), onclick: () => picker.click() }, say("upload")), picker,
            element("button", { type: "button", onclick: showMore }, say("more"))),
          places.strip = element("div", { class: "strip" })),
        element("section", { class: "stack" },
          element("div", { class: "row" }, element("h2", {}, say("augmentation")),
            element("button", { type: "button", class: "primary", onclick: () => dialog?.show(model.photo) }, say("add"))),
          places.starts = element("div", { class: "row starts" }),
          places.texts[0], places.second = element("div", { hidden: model.view !== "two" }, element("h3", {}, say("second")), places.texts[1]),
          places.error = element("p", { class: "bad", role: "alert", hidden: true })),
        places.empty = element("p", { class: "soft", hidden: true }),
        places.cards = element("ol", { class: "cards stack" })),
      element("div", { class: "results stack" },
        places.toolbar = element("div", { class: "row toolbar" }),
        places.warnings = element("div", { class: "stack", role: "status" }),
        places.ladder = element("section", { class: "card ladder stack", hidden: true }),
        places.grids = element("div", { class: "grids" }),
        places.notes = element("div", { class: "notes" }), line("command"), line("python"))));
    buildToolbar();
    buildStrip();
    buildStarts();
    buildCards();
  }

  function buildStarts() {
    const found = (places.known ?? []).map(one => element("button", {
      type: "button", "data-text": one.text, title: `${one.text}: ${start(studio, one)}`, onclick: () => typed(model.active, one.text),
    }, `★ ${one.text}`));
    const modes = ["none", "userDef", "imgaugLib", "trivialaugment"].filter(one => catalog.has(one) && !found.some(known => known.dataset.text === one)).map(one => element("button", {
      type: "button", title: about(catalog.get(one)), onclick: () => typed(model.active, one),
    }, one));
    places.starts.replaceChildren(element("span", { class: "soft" }, say("startsAt")), ...found, ...modes);
  }

  async function load() {
    const { entries, starts } = await studio.ask("catalog", { size: model.size });
    catalog = new Map(entries.filter(one => one.group !== "mixes").map(one => [one.name, one]));
    places.known = starts;
    dialog = catalogDialog(studio, { entries, starts, about, choose });
    buildStarts();
    buildCards();
  }

  room.addEventListener("dragover", event => event.preventDefault());
  room.addEventListener("drop", event => { event.preventDefault(); upload(event.dataTransfer.files); });

  build();
  const ready = model.view === "many" ? loadStrip() : Promise.resolve();
  // The sliders want the catalog; the pictures do not wait for it.
  const loaded = Promise.all([ready.then(wish), load(), model.view === "many" ? null : loadStrip()]);
  loaded.catch(error => studio.toast(error.message));
  return {
    language() { build(); wish(); },
    // The Network tab may have changed the text.
    shown() {
      const text = get("spec", model.specs[0]);
      if (text !== model.specs[0]) typed(0, text);
    },
  };
}
