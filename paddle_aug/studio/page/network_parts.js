// What the parts of the Network tab share: percentages, bars, and a picture under its heat map.

export const percent = value => `${(100 * value).toFixed(1)}\u00a0%`;

/** A bar for a probability, with its number. */
export function bar(element, value, good = true) {
  return element("span", { class: good ? "n-bar" : "n-bar n-wrong" },
    element("span", { class: "n-fill", style: { width: `${100 * value}%` } }),
    element("span", { class: "n-number" }, percent(value)));
}

/** A picture with the heat map of a class over it, and a slider for its opacity. */
export function viewer(studio, status, query, labels, wanted) {
  const { element: e, state } = studio;
  const under = e("img", { src: studio.address("network-picture", query), alt: studio.say("input") });
  const over = e("img", { class: "n-over", alt: "", onerror: () => { say.textContent = studio.say("noHeat"); } });
  const opacity = e("input", { type: "range", min: "0", max: "100", "aria-label": studio.say("opacity"), value: state.get("n.opacity", "50") });
  const say = e("p", { class: "soft" });
  const apply = () => { over.style.opacity = opacity.value / 100; };
  opacity.addEventListener("input", () => { state.set("n.opacity", opacity.value); apply(); });
  apply();
  function show(label) {
    over.src = studio.address("network-heat", { ...query, label });
    say.textContent = studio.say("heatOf", labels.get(label) ?? "");
  }
  show(wanted);
  const made = e("div", { class: "n-viewer" },
    e("div", { class: status.image_size < 96 ? "n-stack n-small" : "n-stack" }, under, over),
    e("label", { class: "n-opacity" }, e("span", {}, studio.say("heat")), opacity), say);
  return { element: made, show };
}
