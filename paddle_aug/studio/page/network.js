// The Network tab: what a trained network makes of an image, of its draws and of the evaluation list.

import { openDraws } from "./network_draws.js";
import { openEvaluation } from "./network_evaluation.js";
import { bar, viewer } from "./network_parts.js";
import { words as texts } from "./network_words.js";

export const words = texts;

const POLL = 500; // milliseconds

/** The first form of the tab: a network is chosen, or how to get one is said. */
export function open(room, studio) {
  const { element: e } = studio;
  let status = { state: "loading", weights: "" }, tab = null, asking = null, last = null;

  /** Ask until the network is loaded or cannot be. */
  async function load(first) {
    status = await first;
    show();
    while (status.state === "loading") {
      await studio.sleep(POLL);
      status = await studio.ask("network");
    }
    show();
  }

  function follow(first) {
    last = null;
    asking ??= studio.during(load(first)).catch(error => studio.toast(error.message)).finally(() => { asking = null; });
  }

  function show() {
    tab = null;
    const parts = {
      none: () => [e("p", {}, studio.say("none")), chooser(), train()],
      loading: () => [e("p", { role: "status" }, studio.say("loading", status.weights))],
      failed: () => [e("p", { class: "bad" }, status.message), chooser(), train()],
      ready: () => [],
    }[status.state]();
    if (status.state === "ready") return ready();
    room.replaceChildren(e("div", { class: "card stack n-start" }, e("h2", {}, studio.say("title")), ...parts));
  }

  function chooser(label = "choose") {
    if (!status.runs?.length) return e("p", { class: "soft" }, studio.say("noRuns"));
    const select = e("select", { "aria-label": studio.say("run") }, ...status.runs.map(run => e("option", { value: run.id }, described(run))));
    const take = () => follow(studio.send("network-choose", { id: select.value }));
    return e("div", { class: "row n-choose" }, select, e("button", { type: "button", class: "primary", onclick: take }, studio.say(label)));
  }

  function described(run) {
    const best = run.best === null ? "" : ` · ${run.best.toFixed(1)} %`;
    return `${run.group === "." ? "" : `${run.group} · `}${run.mode} · ${run.network ?? "?"} · seed ${run.seed ?? "?"}${best}`;
  }

  function train() {
    return e("p", { class: "n-command" }, studio.say("train"), " ", e("code", {}, status.command));
  }

  function ready() {
    const facts = [status.network, `${status.image_size} px`, studio.say("classes", status.classes.length), studio.say("trainedWith", status.augment)];
    const other = e("button", { type: "button" }, studio.say("other"));
    const head = e("div", { class: "card row n-head" },
      e("h2", {}, facts.join(" · ")), e("span", { class: "soft n-path" }, status.weights), other);
    other.addEventListener("click", async () => {
      try { status = { ...status, runs: (await studio.ask("network-choice")).runs }; } catch (error) { studio.toast(error.message); return; }
      other.replaceWith(chooser());
    });
    const image = e("div", { class: "card n-look" });
    const draws = e("div", { class: "card n-draws" });
    const evaluation = e("div", { class: "card stack n-evaluation" });
    room.replaceChildren(e("div", { class: "stack" }, head, image, draws, evaluation));
    tab = { look: openLook(image, studio, status, chosen => { last = chosen; tab?.draws.take(chosen); }) };
    tab.draws = openDraws(draws, studio, status);
    tab.evaluation = openEvaluation(evaluation, studio, status);
    tab.look.start(last);
  }

  for (const [kind, over] of [["dragover", true], ["dragleave", false], ["drop", false]]) {
    room.addEventListener(kind, event => {
      event.preventDefault(); // or the browser would leave the page for the file
      tab?.look.over(over);
      if (kind === "drop" && event.dataTransfer.files[0]) tab?.look.upload(event.dataTransfer.files[0]);
    });
  }
  follow(studio.ask("network"));
  return {
    shown: () => tab?.draws.shown(),
    hidden: () => tab?.draws.hidden(),
    language: show,
  };
}

/** Choose a picture: its likeliest classes and where the network sees them. */
function openLook(room, studio, status, taken) {
  const { element: e, state } = studio;
  let query = null, view = null;
  const result = e("div", { class: "n-result" });
  const strip = e("div", { class: "n-strip", role: "group", "aria-label": studio.say("photos") });
  const number = e("input", {
    type: "number", min: "0", max: String(status.photos - 1), inputmode: "numeric", class: "n-place",
    onchange: () => { if (number.value !== "" && number.checkValidity()) take({ photo: +number.value }); },
  });
  const file = e("input", { type: "file", accept: "image/*", hidden: true, onchange: () => { if (file.files[0]) upload(file.files[0]); file.value = ""; } });
  const drop = e("button", { type: "button", class: "n-drop", onclick: () => file.click() }, studio.say("drop"));
  const right = e("select", { onchange: () => { if (query) take({ ...query, label: +right.value }); } },
    ...status.classes.map((name, label) => e("option", { value: String(label) }, name)));

  async function upload(one) {
    const answer = await studio.upload(one);
    if (answer) take({ upload: answer.photo });
  }

  const take = studio.newest(wish => studio.ask("network-look", wish), (found, wish) => {
    query = { ...wish, label: found.right?.label ?? found.top[0].label };
    if (wish.photo !== undefined) { state.set("n.photo", wish.photo); number.value = wish.photo; }
    right.value = String(query.label);
    for (const one of strip.children) one.setAttribute("aria-pressed", String(+one.dataset.photo === wish.photo));
    show(found);
    taken(query);
  });
  function show(found) {
    const labels = new Map([...found.top, ...(found.right ? [found.right] : [])].map(row => [row.label, row.name]));
    view = viewer(studio, status, { photo: query.photo, upload: query.upload }, labels, found.top[0].label);
    const known = found.right !== null;
    const rows = found.right && !found.top.some(row => row.label === found.right.label) ? [...found.top, found.right] : found.top;
    const buttons = rows.map((row, place) => e("button", {
      type: "button", class: "n-class", "aria-pressed": String(place === 0),
      onclick: () => { view.show(row.label); for (const one of buttons) one.setAttribute("aria-pressed", String(one === buttons[place])); },
    }, e("span", { class: "n-name" }, row.name, known && row.label === found.right.label ? e("span", { class: "n-right" }, ` ✓ ${studio.say("right")}`) : ""),
    bar(e, row.probability, !known || row.label === found.right.label)));
    result.replaceChildren(view.element, e("div", { class: "n-classes" },
      e("h3", {}, studio.say("likeliest")), ...buttons,
      e("p", { class: "soft n-path" }, found.path), e("p", { class: "soft" }, studio.say("heatHint"))));
  }

  strip.replaceChildren(...status.spread.map(photo => e("button", {
    type: "button", class: "n-thumb", "data-photo": String(photo), "aria-pressed": "false", "aria-label": studio.say("photo", photo), onclick: () => take({ photo }),
  }, e("img", { src: studio.address("network-photo", { photo }), alt: "" }))));
  room.replaceChildren(
    e("div", { class: "n-choice stack" }, e("h2", {}, studio.say("image")), drop, file,
      status.photos ? e("div", { class: "stack" }, e("span", {}, studio.say("fromData", status.data)), strip,
        e("label", { class: "row" }, studio.say("place", status.photos - 1), number)) : e("p", { class: "soft" }, status.no_data),
      e("label", { class: "row" }, studio.say("rightClass"), right)),
    result);

  return {
    upload,
    over(is) { drop.classList.toggle("n-over-drop", is); },
    /** Begin with what was shown before, or with the photo of the address. */
    start(before) {
      if (before) { take({ photo: before.photo, upload: before.upload, label: before.label }); return; }
      if (!status.photos) { result.replaceChildren(e("p", { class: "soft" }, studio.say("noPicture"))); return; }
      const photo = Number.parseInt(state.get("n.photo", String(status.spread[0])), 10);
      take({ photo: photo >= 0 && photo < status.photos ? photo : status.spread[0] });
    },
  };
}
