// The dialog of everything that a pipeline may hold, each with its picture.

const GROUPS = ["starts", "modes", "policies", "ops", "plugins", "mixes"];

// `choose(entry)` is called with an entry of the catalog, or with a start.
export function catalogDialog(studio, { entries, starts, about, choose }) {
  const { element } = studio;
  let photo = "0";
  const search = element("input", { type: "search" });
  const title = element("h2");
  const list = element("div", { class: "stack" });
  const dialog = element("dialog", {
    class: "catalog",
    onclick: event => event.target === dialog && dialog.close(),
  }, element("div", { class: "row heading" }, title, search,
    element("button", { type: "button", class: "closing", onclick: () => dialog.close() }, "×")), list);
  document.body.append(dialog);
  search.addEventListener("input", filter);

  function card(entry) {
    const words = entry.group === "starts" ? start(studio, entry) : about(entry);
    const spec = entry.group === "mixes" ? null : entry.controls ? entry.name : entry.text;
    return element("button", {
      type: "button", class: "entry", "data-name": entry.name, "data-words": `${entry.name} ${entry.text} ${words} ${entry.about}`.toLowerCase(),
      onclick: () => { dialog.close(); choose(entry); },
    }, spec && element("img", { loading: "lazy", alt: "", width: 72, height: 72, src: studio.address("example", { spec, photo }) }),
    element("span", {}, element("strong", { class: "mono" }, entry.group === "mixes" ? `+${entry.text}` : entry.name),
      element("span", { class: "soft" }, words)));
  }

  function filter() {
    const wanted = search.value.trim().toLowerCase().split(/\s+/);
    for (const section of list.children) {
      let any = false;
      for (const one of section.querySelectorAll(".entry")) {
        one.hidden = !wanted.every(word => one.dataset.words.includes(word));
        any ||= !one.hidden;
      }
      section.hidden = !any;
    }
  }

  return {
    show(photoNow) {
      photo = photoNow;
      title.textContent = studio.say("add");
      search.setAttribute("aria-label", studio.say("search"));
      search.placeholder = studio.say("search");
      dialog.setAttribute("aria-label", studio.say("add"));
      dialog.querySelector(".closing").setAttribute("aria-label", studio.say("close"));
      const all = [...starts.map(one => ({ ...one, name: one.text, about: "", group: "starts" })), ...entries];
      list.replaceChildren(...GROUPS.map(group => [group, all.filter(one => one.group === group)])
        .filter(([, members]) => members.length)
        .map(([group, members]) => element("section", {}, element("h3", {}, studio.say(group)), element("div", { class: "entries" }, members.map(card)))));
      filter();
      dialog.showModal();
      search.focus();
    },
  };
}

// Where a start comes from, and what it was measured to be worth.
export function start(studio, { kind, from, accuracy, seeds, baseline, lead, shown }) {
  const parts = [studio.say(`from-${kind}`, from)];
  if (accuracy !== undefined) parts.push(studio.say("measured", (100 * accuracy).toFixed(1), seeds));
  if (lead) parts.push(studio.say(shown ? "lead" : "leadUnclear", lead, baseline));
  return parts.join(" · ");
}
