// The Network tab's evaluation: accuracy, the worst mistakes, and the classes that are confused.

import { percent, viewer } from "./network_parts.js";

const POLL = 500; // milliseconds

export function openEvaluation(room, studio, status) {
  const { element: e } = studio;
  const body = e("div", { class: "stack" });
  room.replaceChildren(e("h2", {}, studio.say("evaluation")), body);
  if (!status.photos) {
    body.append(e("p", { class: "soft" }, studio.say("noEvaluation", status.no_data)));
    return;
  }
  const start = () => follow(studio.send("network-evaluate"));
  const offer = () => body.replaceChildren(
    e("p", { class: "soft" }, studio.say("evaluationText")),
    e("div", { class: "row" }, e("button", { type: "button", class: "primary n-evaluate", onclick: start }, studio.say("evaluate", status.photos))));

  async function follow(first) {
    try {
      let job = await studio.during(first);
      if (job.none) return offer();
      const bar = e("progress", { max: status.photos, "aria-label": studio.say("evaluation") });
      const text = e("span", { role: "status" });
      body.replaceChildren(e("div", { class: "row n-progress" }, bar, text));
      while (job.running) {
        bar.value = job.done;
        text.textContent = studio.say("evaluating", job.done, job.total || status.photos);
        await studio.during(studio.sleep(POLL));
        job = await studio.ask("network-evaluation");
      }
      show(job.facts);
    } catch (error) { offer(); studio.toast(error.message); }
  }

  function thumbnail(photo, side = 96) {
    return e("img", { src: studio.address("network-photo", { photo, side }), alt: "", loading: "lazy" });
  }

  function show(facts) {
    const [low, high] = facts.interval_95;
    const more = [
      facts.top5 === null ? "" : studio.say("top5", percent(facts.top5)),
      studio.say("calibration", percent(facts.expected_calibration_error)),
    ].filter(Boolean).join(" · ");
    const mistakes = facts.mistakes.map(row => e("button", { type: "button", class: "n-mistake", title: row.path, onclick: () => enlarge(row) },
      thumbnail(row.photo, 144),
      e("span", { class: "n-truth" }, studio.say("truth", row.class)),
      e("span", { class: "bad" }, studio.say("guess", row.predicted)),
      e("span", { class: "soft" }, studio.say("sure", percent(row.probability)))));
    body.replaceChildren(
      e("p", { class: "n-accuracy" }, e("strong", {}, studio.say("accuracy", percent(facts.accuracy))), " ",
        e("span", {}, studio.say("interval", percent(low), percent(high), facts.correct, facts.images))),
      e("p", { class: "soft" }, more),
      e("h3", {}, studio.say(mistakes.length ? "mistakes" : "noMistakes")),
      e("div", { class: "n-gallery" }, ...mistakes),
      ...(facts.pairs.length ? [e("h3", {}, studio.say("pairs"))] : []),
      ...facts.pairs.map(pair));
  }

  function pair(row) {
    const side = (text, photos) => e("figure", {}, e("figcaption", {}, text), e("div", { class: "row" }, ...photos.map(photo => thumbnail(photo))));
    const all = Math.round(row.images / row.share);
    return e("div", { class: "n-pair" },
      side(studio.say("pair", row.class, row.taken_for, row.images, percent(row.share), all), row.confused),
      row.like.length ? side(studio.say("like", row.taken_for), row.like) : "");
  }

  function enlarge(row) {
    const labels = new Map([[row.guess, row.predicted], [row.label, row.class]]);
    const view = viewer(studio, status, { photo: row.photo }, labels, row.guess);
    const choices = [[row.guess, studio.say("guess", row.predicted), row.probability], [row.label, studio.say("truth", row.class), row.of_its_class]];
    const buttons = choices.map(([label, text, value], place) => e("button", {
      type: "button", "aria-pressed": String(place === 0),
      onclick: () => { view.show(label); buttons.forEach((one, other) => one.setAttribute("aria-pressed", String(other === place))); },
    }, `${text} · ${percent(value)}`));
    const close = e("button", { type: "button", onclick: () => dialog.close() }, studio.say("close"));
    const dialog = e("dialog", { class: "n-dialog", "aria-label": row.path, onclose: () => dialog.remove() },
      e("div", { class: "stack" }, e("div", { class: "row" }, ...buttons, close), view.element, e("p", { class: "soft n-path" }, row.path)));
    document.body.append(dialog);
    dialog.showModal();
  }

  follow(studio.ask("network-evaluation"));
}
