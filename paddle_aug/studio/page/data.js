// The Data tab: what check finds, as it is found; the images, page by page; lists to write.

export const words = {
  en: {
    checking: "Checking images: {0} of {1}", comparing: "All images have been looked at. Looking for duplicates: {0} %",
    done: "{0} images checked, {1} of them readable.", sizes: "Sizes: {0} to {1}, median {2}, most often {3} ({4} images). Formats: {5}.",
    classes: "Classes and balance", sortLabel: "by number", sortSize: "by size", sort: "Order of classes",
    train: "train", eval: "eval", test: "test", all: "all lists", allClasses: "all classes", list: "List", class: "Class",
    listed: "{0}: {1} to train on, {2} to evaluate on", tested: ", {0} to test on",
    balance: "{0} classes with {1} to {2} training images each, the largest {3} times the smallest", even: "{0} classes with {1} training images each",
    findings: "Findings", nothing: "Nothing to report.", soFar: "Nothing so far.",
    error: "error", warning: "warning", note: "note", counts: "Errors: {0} · warnings: {1} · notes: {2}", more: "{0} more",
    pairs: "Duplicates", noPairs: "No duplicates and no near duplicates.", pairsLater: "Duplicates are looked for once all images have been checked.",
    allPairs: "all pairs ({0})", kind: "Kind of pair", previous: "Previous", next: "Next", page: "{0}–{1} of {2}",
    images: "Images", noImages: "No images here.", close: "Close", unreadable: "cannot be shown",
    write: "Write lists", writeAs: "What to write", lists: "lists without faulty lines and files", split: "lists, split into train and eval",
    share: "Share to train on", seed: "Seed", folder: "Folder", folderHint: "a folder, which may be new",
    doWrite: "Write", later: "Available once all images have been checked.", never: "Files that are already there are never overwritten.",
    command: "The same in a terminal", train_with: "To train with these lists",
    public: "This studio is open to others, so it writes no files.",
  },
  zh: {
    checking: "正在检查图片：{0} / {1}", comparing: "图片已全部检查，正在查找重复图片：{0} %",
    done: "已检查 {0} 张图片，其中 {1} 张可以读取。", sizes: "尺寸：{0} 到 {1}，中位数 {2}，最常见 {3}（{4} 张）。格式：{5}。",
    classes: "类别与均衡", sortLabel: "按编号", sortSize: "按数量", sort: "类别排序",
    train: "训练集", eval: "验证集", test: "测试集", all: "全部列表", allClasses: "全部类别", list: "列表", class: "类别",
    listed: "{0}：训练 {1} 张，验证 {2} 张", tested: "，测试 {0} 张",
    balance: "{0} 个类别，每类训练图片 {1} 到 {2} 张，最大的类是最小的类的 {3} 倍", even: "{0} 个类别，每类训练图片 {1} 张",
    findings: "检查结果", nothing: "没有发现问题。", soFar: "暂时没有发现问题。",
    error: "错误", warning: "警告", note: "提示", counts: "错误 {0} · 警告 {1} · 提示 {2}", more: "还有 {0} 处",
    pairs: "重复图片", noPairs: "没有重复或近似重复的图片。", pairsLater: "检查完全部图片后开始查找重复图片。",
    allPairs: "全部图片对（{0}）", kind: "重复类型", previous: "上一页", next: "下一页", page: "第 {0}–{1} 个，共 {2} 个",
    images: "图片", noImages: "这里没有图片。", close: "关闭", unreadable: "无法显示",
    write: "写出列表", writeAs: "写出内容", lists: "去掉有问题的行和文件后的列表", split: "划分为训练集和验证集的列表",
    share: "训练集比例", seed: "随机种子", folder: "文件夹", folderHint: "文件夹路径，可以是新文件夹",
    doWrite: "写出", later: "检查完全部图片后可用。", never: "绝不覆盖已有文件。",
    command: "在终端中的等价命令", train_with: "用这些列表训练",
    public: "此 Studio 对他人开放，因此不写文件。",
  },
};

const PAIRS = 8, IMAGES = 48, PLACES = 48;

export function open(room, studio) {
  const { element: e, state } = studio;
  const say = (...values) => studio.say(...values);
  const number = value => value.toLocaleString();
  const parts = {}; // the elements that are drawn anew
  const opened = new Set(); // codes of the findings that are unfolded
  let overview = null, known = { version: 0, phase: "images", done: 0, total: 0, facts: {} };
  let findings = [], pairs = null, page = null, written = null, visible = false, polling = false;

  function build() {
    for (const name of ["summary", "classes", "findings", "pairs", "montage", "write"]) {
      parts[name] = e("section", { class: `card data-${name}` });
    }
    parts.summary.setAttribute("aria-live", "off");
    room.replaceChildren(e("div", { class: "data" }, parts.summary,
      e("div", { class: "data-columns" },
        e("div", { class: "stack" }, parts.findings, parts.pairs),
        e("div", { class: "stack" }, parts.classes, parts.write)),
      parts.montage));
    drawAll();
  }

  function drawAll() {
    drawSummary();
    if (!overview) return;
    drawClasses(); drawFindings(); drawPairs(); drawMontage(); drawWrite();
  }

  // -- the progress

  function drawSummary() {
    if (!overview) return;
    const { images } = overview;
    const listed = say("listed", overview.name, number(images.train), number(images.eval))
      + (images.test ? say("tested", number(images.test)) : "");
    const { phase, done, total, facts } = known;
    const lines = [e("p", {}, e("strong", {}, listed))];
    if (phase !== "done") {
      const text = phase === "images" ? say("checking", number(done), number(total)) : say("comparing", Math.floor(100 * done / (total || 1)));
      const bar = e("progress", { "aria-label": text, max: total || 1, value: done });
      lines.push(e("p", { class: "row" }, bar, e("span", {}, text)));
    } else {
      lines.push(e("p", {}, say("done", number(facts.distinct), number(facts.readable))));
      const size = pair => pair.join(" × ");
      if (facts.sizes.smallest) {
        const formats = Object.entries(facts.formats).map(([name, count]) => `${name} ${number(count)}`).join(", ");
        lines.push(e("p", { class: "soft" }, say("sizes", size(facts.sizes.smallest), size(facts.sizes.largest),
          size(facts.sizes.median), size(facts.sizes.most_frequent), number(facts.sizes.most_frequent_images), formats)));
      }
    }
    parts.summary.replaceChildren(...lines);
  }

  async function poll() {
    if (polling) return;
    polling = true;
    try {
      if (!overview) {
        overview = await studio.ask("data-overview");
        drawAll();
        await Promise.all([showMontage(), askCommand()]);
      }
      while (visible && known.phase !== "done") {
        const answer = await studio.ask("data-check", { since: known.version });
        known = answer;
        if (answer.findings) { findings = answer.findings; drawFindings(); }
        drawSummary();
        if (known.phase === "done") { await showPairs(); drawWrite(); } else await studio.sleep(500);
      }
    } catch (error) {
      parts.summary.replaceChildren(e("p", { class: "bad" }, error.message));
    } finally { polling = false; }
  }

  // -- classes

  function drawClasses() {
    const { classes } = overview;
    const sizes = classes.map(one => one.train).filter(Boolean);
    const least = Math.min(...sizes), most = Math.max(...sizes);
    const text = !sizes.length ? "" : least === most ? say("even", number(sizes.length), number(most))
      : say("balance", number(sizes.length), number(least), number(most), (most / least).toFixed(1));
    const order = choice("sort", "d.sort", [["", say("sortLabel")], ["size", say("sortSize")]], drawClasses);
    const listed = [...classes];
    if (state.get("d.sort") === "size") listed.sort((one, other) => other.train - one.train);
    const longest = Math.max(1, ...classes.map(one => one.train + one.eval + one.test));
    const bar = (one, part) => e("span", { class: `bar ${part}`, style: { width: `${100 * one[part] / longest}%` } });
    const tested = overview.images.test > 0;
    const rows = listed.map(one => e("button", {
      type: "button", class: "class", onclick: () => { state.set("d.label", one.label); turn(0); },
      "aria-pressed": String(state.get("d.label") === String(one.label)),
    },
    e("span", { class: "label" }, one.name === String(one.label) ? one.name : `${one.label} ${one.name}`),
    e("span", { class: "bars" }, bar(one, "train"), bar(one, "eval"), bar(one, "test")),
    e("span", { class: "count" }, [one.train, one.eval, ...(tested ? [one.test] : [])].map(number).join(" · "))));
    const legend = ["train", "eval", ...(tested ? ["test"] : [])]
      .map(part => e("span", { class: "key" }, e("span", { class: `bar ${part}` }), say(part)));
    parts.classes.replaceChildren(e("div", { class: "row between" }, e("h2", {}, say("classes")), order),
      e("p", { class: "soft" }, text), e("p", { class: "row" }, legend), e("div", { class: "class-list" }, rows));
  }

  // -- findings

  function drawFindings() {
    const counts = ["error", "warning", "note"].map(level => findings.filter(one => one.level === level).length);
    const nothing = say(known.phase === "done" ? "nothing" : "soFar");
    parts.findings.replaceChildren(e("h2", {}, say("findings")),
      e("p", { class: "soft" }, findings.length ? say("counts", ...counts) : nothing),
      ...findings.map(finding => {
        const [advice, ...command] = finding.advice.split("\n");
        const places = e("div", { class: "places" }, finding.places.map(place));
        const left = finding.count - finding.places.length;
        const more = left > 0 && e("button", { type: "button", onclick: () => morePlaces(finding, places, more) }, say("more", number(left)));
        const unfolded = e("details", { open: opened.has(finding.code), ontoggle: () => opened[unfolded.open ? "add" : "delete"](finding.code) },
          e("summary", {}, e("span", { class: `level ${finding.level}` }, say(finding.level)), " ", finding.message, " ", e("code", {}, `[${finding.code}]`)),
          e("p", {}, advice), ...command.map(line => e("pre", {}, line)), places, more);
        return unfolded;
      }));
  }

  const place = ({ where, what, image }) => image === null
    ? e("p", {}, `${where} ${what}`)
    : thumbnail({ image, path: what ? `${where} ${what}` : where });

  async function morePlaces(finding, places, button) {
    const start = places.childElementCount;
    await attempt(async () => {
      const answer = await studio.ask("data-places", { code: finding.code, start, count: PLACES });
      places.append(...answer.places.map(place));
      const left = finding.count - places.childElementCount;
      if (left > 0) button.textContent = say("more", number(left)); else button.remove();
    });
  }

  async function attempt(work) {
    try { await work(); } catch (error) { studio.toast(error.message); }
  }

  // -- duplicates

  const showPairs = studio.newest(
    () => studio.ask("data-pairs", { code: state.get("d.pairs"), start: state.get("d.pair", "0"), count: PAIRS }),
    answer => { pairs = answer; drawPairs(); });

  function drawPairs() {
    const head = e("h2", {}, say("pairs"));
    if (!pairs) { parts.pairs.replaceChildren(head, e("p", { class: "soft" }, say("pairsLater"))); return; }
    const codes = Object.entries(pairs.codes);
    if (!codes.length) { parts.pairs.replaceChildren(head, e("p", { class: "soft" }, say("noPairs"))); return; }
    const all = codes.reduce((sum, [, count]) => sum + count, 0);
    const kinds = choice("kind", "d.pairs",
      [["", say("allPairs", number(all))], ...codes.map(([code, count]) => [code, `${code} (${number(count)})`])],
      () => { state.set("d.pair", ""); showPairs(); });
    parts.pairs.replaceChildren(e("div", { class: "row between" }, head, kinds),
      e("div", { class: "pair-list" }, pairs.pairs.map(pair => e("figure", { class: "pair" },
        e("div", { class: "pair-images" }, pair.images.map(image => thumbnail(image, pair.images, true))),
        e("figcaption", {}, e("span", { class: `level ${pair.level}` }, pair.code), " ", pair.closeness)))),
      pager("d.pair", pairs.total, PAIRS, showPairs));
  }

  // -- images

  const showMontage = studio.newest(
    () => studio.ask("data-montage", { list: state.get("d.list"), label: state.get("d.label"), start: state.get("d.start", "0"), count: IMAGES }),
    answer => { page = answer; drawMontage(); });

  function turn(start) {
    state.set("d.start", start);
    drawClasses();
    return showMontage();
  }

  function drawMontage() {
    if (!page) return;
    const { images } = overview;
    const lists = ["train", "eval", "test"].filter(part => images[part]).map(part => [part, say(part)]);
    const labels = overview.classes.map(({ label, name }) => [String(label), name === String(label) ? name : `${label} ${name}`]);
    parts.montage.replaceChildren(
      e("div", { class: "row" }, e("h2", {}, say("images")),
        choice("list", "d.list", [["", say("all")], ...lists], () => turn(0)),
        choice("class", "d.label", [["", say("allClasses")], ...labels], () => turn(0)),
        pager("d.start", page.total, IMAGES, () => turn(state.get("d.start", "0")))),
      page.total ? e("div", { class: "thumbnails" }, page.images.map(image => thumbnail(image, page.images)))
        : e("p", { class: "soft" }, say("noImages")));
  }

  // -- what the parts share

  function choice(title, key, options, change) {
    const select = e("select", { "aria-label": say(title), onchange: () => { state.set(key, select.value); change(); } },
      options.map(([value, text]) => e("option", { value }, text)));
    select.value = state.get(key);
    if (select.selectedIndex < 0) select.value = "";
    return select;
  }

  function pager(key, total, size, change) {
    if (total <= size) return "";
    const start = Number(state.get(key, "0"));
    const button = (text, to) => e("button", {
      type: "button", disabled: to < 0 || to >= total, onclick: () => { state.set(key, to); change(); },
    }, text);
    return e("span", { class: "row pager" }, button(`‹ ${say("previous")}`, start > 0 ? Math.max(0, start - size) : -1),
      e("span", {}, say("page", number(start + 1), number(Math.min(start + size, total)), number(total))),
      button(`${say("next")} ›`, start + size));
  }

  function caption({ path, class: name, list }) {
    return [list && list !== "train" && say(list), name, path].filter(Boolean).join(" · ");
  }

  function thumbnail(one, among = [one], whole = false) {
    const image = e("img", { loading: "lazy", decoding: "async", alt: "", src: studio.address("data-thumbnail", { image: one.image }) });
    const text = whole || !one.class ? caption(one) : caption({ ...one, path: one.path.split("/").at(-1) });
    const button = e("button", { type: "button", class: "thumbnail", title: caption(one), onclick: () => enlarge(among, among.indexOf(one)) },
      image, e("span", { class: "caption" }, text));
    image.addEventListener("error", () => image.replaceWith(e("span", { class: "unreadable" }, say("unreadable"))));
    return button;
  }

  function enlarge(images, start) {
    let at = start;
    const image = e("img", { alt: "" }), text = e("p", {}), fault = e("p", { class: "bad", hidden: true }, say("unreadable"));
    const step = by => { at = (at + by + images.length) % images.length; show(); };
    image.addEventListener("error", () => { fault.hidden = false; image.hidden = true; });
    function show() {
      fault.hidden = true;
      image.hidden = false;
      image.src = studio.address("data-photo", { image: images[at].image });
      image.alt = text.textContent = caption(images[at]);
    }
    const arrows = images.length > 1 ? [["‹", -1, "previous"], ["›", 1, "next"]].map(([sign, by, title]) =>
      e("button", { type: "button", "aria-label": say(title), onclick: () => step(by) }, sign)) : [];
    const dialog = e("dialog", {
      class: "photo", "aria-label": say("images"), onclose: () => dialog.remove(),
      onclick: event => event.target === dialog && dialog.close(),
      onkeydown: event => { const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key]; if (by) step(by); },
    }, e("div", { class: "row between" }, text, e("span", { class: "row" }, arrows,
      e("button", { type: "button", "aria-label": say("close"), onclick: () => dialog.close() }, "×"))), image, fault);
    document.body.append(dialog);
    show();
    dialog.showModal();
  }

  // -- lists to write

  const askCommand = studio.newest(async () => (state.get("d.out")
    ? studio.ask("data-command", wanted()) : { command: "" }),
  answer => { command.textContent = answer.command; commandRow.hidden = !answer.command; });
  const command = e("code", {});
  const commandRow = e("div", { class: "command", hidden: true });

  const wanted = () => ({
    out: state.get("d.out"), seed: state.get("d.seed", "0"),
    split: state.get("d.write") === "lists" ? undefined : state.get("d.share", "0.75"),
  });

  function drawWrite() {
    const head = e("h2", {}, say("write"));
    if (studio.info.public) { parts.write.replaceChildren(head, e("p", { class: "soft" }, say("public"))); return; }
    const field = (title, key, attributes, otherwise) => e("label", { class: "titled" }, say(title), e("input", {
      ...attributes, value: state.get(key, otherwise), oninput: event => { state.set(key, event.target.value); askCommand(); },
    }));
    if (!state.get("d.write")) state.set("d.write", overview.images.eval || overview.images.test ? "lists" : "split");
    const split = state.get("d.write") === "split";
    const what = choice("writeAs", "d.write", [["split", say("split")], ["lists", say("lists")]], () => { drawWrite(); askCommand(); });
    const done = known.phase === "done";
    const go = e("button", { type: "submit", class: "primary", disabled: !done }, say("doWrite"));
    commandRow.replaceChildren(e("h3", {}, say("command")), e("div", { class: "row" }, command, studio.copyButton(command)));
    parts.write.replaceChildren(head, e("form", {
      class: "stack",
      onsubmit: event => { event.preventDefault(); writeLists(go); },
    }, what, split && e("div", { class: "row" },
      field("share", "d.share", { type: "number", min: "0.05", max: "0.95", step: "0.05" }, "0.75"),
      field("seed", "d.seed", { type: "number", min: "0", max: "4294967295", step: "1" }, "0")),
    field("folder", "d.out", { type: "text", placeholder: say("folderHint"), required: true, spellcheck: "false" }, ""),
    e("div", { class: "row" }, go, e("span", { class: "soft" }, done ? say("never") : say("later")))),
    written ?? "", commandRow);
  }

  async function writeLists(button) {
    button.disabled = true;
    try {
      const answer = await studio.send("data-write", wanted());
      const train = e("code", {}, answer.train);
      written = e("div", { class: "written", role: "status" }, ...answer.written.map(line => e("p", {}, line)),
        e("h3", {}, say("train_with")), e("div", { class: "row" }, train, studio.copyButton(train)));
    } catch (error) {
      written = e("p", { class: "bad", role: "alert" }, error.message);
    }
    drawWrite();
  }

  build();
  return {
    shown() { visible = true; poll(); },
    hidden() { visible = false; },
    language() { written = null; build(); },
  };
}
