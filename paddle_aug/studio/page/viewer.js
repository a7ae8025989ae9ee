// A draw, large, beside its original: arrows go to the next one, Esc closes.

export function viewer(studio) {
  const { element } = studio;
  let shown = [], place = 0, opener = null;
  const images = element("div", { class: "beside" });
  const caption = element("p", { class: "mono" });
  const count = element("span", { class: "soft" });
  const step = by => { place = (place + by + shown.length) % shown.length; build(); };
  const button = (text, key, onclick) => element("button", { type: "button", "data-say": key, onclick }, text);
  const dialog = element("dialog", {
    class: "viewer",
    onkeydown: event => {
      const by = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
      if (by && shown.length > 1) { event.preventDefault(); step(by); }
    },
    onclick: event => event.target === dialog && dialog.close(),
    onclose: () => opener?.focus(),
  }, element("div", { class: "row heading" },
    button("←", "before", () => step(-1)), button("→", "next", () => step(1)), count,
    button("×", "close", () => dialog.close())), images, caption);
  document.body.append(dialog);

  // Exact pictures take longer, so the ones that are there come first.
  function figure(address, preview, text) {
    const image = element("img", { src: preview, alt: text });
    const exact = new Image();
    exact.src = address;
    exact.decode().then(() => {
      image.src = address;
      image.classList.toggle("pixels", exact.naturalWidth < 200);
    }, () => {});
    return element("figure", {}, image, element("figcaption", { class: "soft" }, text));
  }

  function build() {
    const { original, draw, query, words } = shown[place];
    images.replaceChildren(figure(studio.address("exact", { ...query, original: 1 }), original.source, studio.say("original")));
    if (draw) images.append(figure(studio.address("exact", { ...query, epoch: draw.epoch }), draw.source, studio.say("epoch", draw.epoch + 1)));
    caption.textContent = words;
    count.textContent = `${place + 1} / ${shown.length}`;
    for (const one of dialog.querySelectorAll("[data-say]")) one.setAttribute("aria-label", studio.say(one.dataset.say));
    dialog.setAttribute("aria-label", studio.say("large"));
  }

  return {
    show(list, at, from) {
      [shown, place, opener] = [list, at, from];
      build();
      dialog.showModal();
    },
  };
}
