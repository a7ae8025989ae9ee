// The Runs tab: curves, the table, reports, and what a run saw; live while training goes on.

import { drawChart, meanOf, shade } from "./chart.js";

export const words = {
  en: {
    none: "No run in {0} yet. A run appears here after its first epoch.", folder: "Folder", everywhere: "all folders",
    watching: "{0} · runs: {1} · in training: {2}", more: "There are more folders than are shown here.",
    curves: "Curves", acc: "Accuracy (%)", loss: "Cross-entropy loss", epoch: "Epoch", trainLine: "train (thin)", evalLine: "eval (bold)", Train: "train", Eval: "eval",
    smooth: "Smoothing", fromZero: "axes from 0", modes: "Modes", spread: "Several seeds: their mean, in a band of one standard deviation. ◇ is the accuracy on training images that are not augmented.",
    table: "Table", eachRun: "each run", byMode: "by mode", rows: "Rows",
    mode: "augmentation", seed: "seed", epochs: "epochs", last: "eval (%)", best: "best (%)", best_epoch: "best epoch", mean_last: "last 10 (%)",
    trainAcc: "train (%)", clean: "clean (%)", gap: "gap (points)", seconds: "time", data_wait: "data wait (%)", state: "state", in: "folder",
    finished: "finished", diverged: "diverged in epoch {0}", training: "in training", unfinished: "unfinished", unknown: "–",
    begun: "{0}: a run that has just begun.", faulty: "{0}: {1}",
    reports: "Reports", noReports: "No comparison and no search in this folder.", compare: "comparison", search: "search", other: "report", notReady: "not written yet", apart: "Open in a tab of its own", show: "Show",
    seen: "What a run saw", seenText: "The original beside the pictures that the network was given.", run: "Run", image: "Image", from: "From epoch", original: "original", draw: "epoch {0}", opening: "Opening the data of this run…", noRuns: "No run here has a run.json.", ofImages: "Image {0} (of 0 to {1}): {2}",
    augmentation: "augmentation", "eval (%)": "eval (%)", "best (%, epoch)": "best (%, epoch)", "last 10 (%)": "last 10 (%)", "train (%)": "train (%)", "clean (%)": "clean (%)", "gap (points)": "gap (points)", seeds: "seeds", "data wait": "data wait",
  },
  zh: {
    none: "{0} 中还没有训练记录。第一个 epoch 结束后会显示在这里。", folder: "文件夹", everywhere: "全部文件夹",
    watching: "{0} · 训练 {1} 次 · 进行中 {2} 次", more: "文件夹太多，这里没有全部显示。",
    curves: "曲线", acc: "准确率（%）", loss: "交叉熵损失", epoch: "Epoch", trainLine: "训练集（细线）", evalLine: "验证集（粗线）", Train: "训练集", Eval: "验证集",
    smooth: "平滑", fromZero: "纵轴从 0 开始", modes: "模式", spread: "多个随机种子：均值，色带为一个标准差。◇ 为未增广的训练图片上的准确率。",
    table: "表格", eachRun: "每次训练", byMode: "按模式", rows: "行",
    mode: "数据增广", seed: "种子", epochs: "epoch 数", last: "验证（%）", best: "最佳（%）", best_epoch: "最佳 epoch", mean_last: "最后 10 个（%）",
    trainAcc: "训练（%）", clean: "未增广（%）", gap: "差距（百分点）", seconds: "用时", data_wait: "等待数据（%）", state: "状态", in: "文件夹",
    finished: "已完成", diverged: "第 {0} 个 epoch 发散", training: "训练中", unfinished: "未完成", unknown: "–",
    begun: "{0}：训练刚刚开始。", faulty: "{0}：{1}",
    reports: "报告", noReports: "此文件夹中没有对比或搜索。", compare: "对比", search: "搜索", other: "报告", notReady: "尚未写出", apart: "在新标签页中打开", show: "显示",
    seen: "训练时看到的图片", seenText: "左边是原图，右边是网络得到的图片。", run: "训练", image: "图片", from: "起始 epoch", original: "原图", draw: "第 {0} 个 epoch", opening: "正在打开这次训练的数据…", noRuns: "这里没有带 run.json 的训练。", ofImages: "图片 {0}（0 到 {1}）：{2}",
    augmentation: "数据增广", "eval (%)": "验证（%）", "best (%, epoch)": "最佳（%，epoch）", "last 10 (%)": "最后 10 个（%）", "train (%)": "训练（%）", "clean (%)": "未增广（%）", "gap (points)": "差距（百分点）", seeds: "种子数", "data wait": "等待数据",
  },
};

const POLL = 2000; // milliseconds
const FRESH = 90; // seconds without news until a run counts as given up, or three of its epochs
const COLUMNS = ["mode", "in", "seed", "epochs", "last", "best", "best_epoch", "mean_last", "train", "clean", "gap", "seconds", "data_wait", "state"];
const DASHES = ["", "6 3", "2 3", "8 3 2 3"]; // folders of one mode, which have one colour

export function open(room, studio) {
  const { element: e, state } = studio;
  const say = (...values) => studio.say(...values);
  const parts = {};
  const known = new Map(); // runs by id
  let news = { version: "0", ids: [], reports: [], now: 0 }, colours = {}, modes = [], columns = [];
  let visible = false, polling = false, drawn = "", report = null, seen = null;

  function build() {
    const cards = ["summary", "curves", "table", "reports", "seen"].map(name => parts[name] = e("section", { class: `card runs-${name}` }));
    room.replaceChildren(e("div", { class: "runs" }, cards));
    drawn = "";
    buildCurves(); buildReports(); buildSeen();
    draw();
  }

  // -- news

  async function poll() {
    if (polling) return;
    polling = true;
    while (visible) {
      try { take(await studio.ask("runs", { since: news.version })); } catch (error) {
        parts.summary.replaceChildren(e("p", { class: "bad" }, error.message));
        for (const name of ["curves", "table", "reports", "seen"]) parts[name].hidden = known.size === 0;
      }
      await studio.sleep(POLL);
    }
    polling = false;
  }

  function take(answer) {
    news = answer;
    for (const run of answer.runs) known.set(run.id, run);
    for (const id of known.keys()) if (!answer.ids.includes(id)) known.delete(id);
    if (answer.colours) ({ colours, modes, columns } = answer);
    draw();
  }

  const runs = () => [...known.values()].filter(run => !run.problem);
  const chosen = () => runs().filter(run => folder() === "*" || run.group === folder());
  const newest = () => [...runs()].sort((one, other) => other.written - one.written)[0];
  const folder = () => state.get("r.folder") || newest()?.group || "*";

  function stateOf(run) {
    if (run.state !== "unfinished") return run.state;
    return news.now - run.written < Math.max(FRESH, 3 * (run.epoch_seconds ?? 0)) ? "training" : "unfinished";
  }

  function draw() {
    if (!news.now) return;
    // Every two seconds there may be nothing new, and a table must not be drawn anew below a pointer.
    const now = JSON.stringify([news.version, news.there, news.reports, [...known.values()].map(stateOf), folder()]);
    if (now === drawn) return;
    drawn = now;
    const empty = known.size === 0;
    for (const name of ["curves", "table", "seen"]) parts[name].hidden = empty;
    parts.reports.hidden = empty && !news.reports.length;
    drawSummary(); drawCurves(); drawTable(); drawReports(); fillSeen();
  }

  function drawSummary() {
    const lines = [];
    if (!known.size) lines.push(e("p", {}, say("none", news.logs)));
    else {
      const training = runs().filter(run => stateOf(run) === "training").length;
      const groups = [...new Set(runs().map(run => run.group))].sort();
      const select = e("select", { "aria-label": say("folder"), onchange: () => { state.set("r.folder", select.value); draw(); } },
        [["*", say("everywhere")], ...groups.map(group => [group, named(group)])].map(([value, text]) => e("option", { value }, text)));
      select.value = folder();
      lines.push(e("p", { class: "row" }, e("strong", {}, say("watching", news.logs, known.size, training)),
        groups.length > 1 && e("label", { class: "row" }, say("folder"), select)));
    }
    if (news.more) lines.push(e("p", { class: "warning" }, say("more")));
    for (const run of [...known.values()].filter(one => one.problem)) {
      const name = run.folder === "." ? run.name : `${run.folder}/${run.name}`;
      const begun = run.begun && news.now - run.written < FRESH;
      lines.push(e("p", { class: begun ? "soft" : "warning" }, begun ? say("begun", name) : say("faulty", name, run.problem)));
    }
    parts.summary.replaceChildren(...lines);
  }

  const named = group => (group === "." ? news.logs : group);

  // -- curves

  function buildCurves() {
    const check = (key, title, otherwise) => e("label", { class: "check" }, e("input", {
      type: "checkbox", checked: state.get(key, otherwise) === "1",
      onchange: event => { state.set(key, event.target.checked ? "1" : "0"); drawCurves(); },
    }), say(title));
    const smooth = e("input", {
      type: "range", min: "0", max: "0.95", step: "0.05", value: state.get("r.smooth", "0"),
      oninput: () => { state.set("r.smooth", smooth.value); drawCurves(); },
    });
    parts.legend = e("div", { class: "row legend", role: "group", "aria-label": say("modes") });
    parts.charts = { acc: e("div", { class: "chart" }), loss: e("div", { class: "chart" }) };
    parts.curves.replaceChildren(
      e("div", { class: "row" }, e("h2", {}, say("curves")), check("r.train", "trainLine", "1"), check("r.eval", "evalLine", "1"),
        check("r.zero", "fromZero", "1"), e("label", { class: "check" }, say("smooth"), smooth)),
      parts.legend,
      e("div", { class: "charts" }, ["acc", "loss"].map(quantity => e("figure", {}, e("figcaption", {}, e("h3", {}, say(quantity))), parts.charts[quantity]))),
      e("p", { class: "soft" }, say("spread")));
  }

  /** The runs of each mode of each folder. */
  function groups() {
    const found = new Map();
    for (const run of chosen()) {
      const key = `${run.group} ${run.mode}`;
      if (!found.has(key)) found.set(key, { key, group: run.group, mode: run.mode, members: [] });
      found.get(key).members.push(run);
    }
    const order = Object.keys(colours);
    return [...found.values()].sort((one, other) => order.indexOf(one.mode) - order.indexOf(other.mode));
  }

  const off = () => new Set(state.get("r.off").split("\n").filter(Boolean));

  function drawCurves() {
    const all = groups(), hidden = off();
    const several = new Set(all.map(one => one.group)).size > 1;
    const places = [...new Set(all.map(one => one.group))];
    for (const one of all) {
      one.name = several ? `${one.mode} · ${named(one.group)}` : one.mode;
      one.dash = DASHES[places.indexOf(one.group) % DASHES.length];
      one.colour = colours[one.mode] ?? "#888888";
    }
    drawLegend(all, hidden);
    const wanted = ["Train", "Eval"].filter(part => state.get(`r.${part.toLowerCase()}`, "1") === "1");
    for (const [quantity, frame] of Object.entries(parts.charts)) {
      const factor = quantity === "acc" ? 100 : 1;
      const lines = all.filter(one => !hidden.has(one.key)).flatMap(one => {
        const sound = one.members.filter(run => run.state !== "diverged");
        const members = sound.length ? sound : one.members;
        return wanted.map(part => {
          const points = meanOf(members.map(run => run.curves[`${quantity}${part}`]));
          return {
            name: `${one.name} · ${say(part)}`, colour: one.colour, dash: one.dash, bold: part === "Eval",
            values: points.map(point => point.mean === null ? null : factor * point.mean),
            spreads: points.map(point => factor * point.spread), counts: points.map(point => point.count),
            points: part === "Eval" ? [] : members.flatMap(run => Object.entries(run.clean_points[quantity])
              .filter(([, value]) => value !== null).map(([epoch, value]) => [Number(epoch), factor * value])),
          };
        });
      });
      drawChart(frame, lines, {
        title: say(quantity), unit: quantity === "acc" ? " %" : "", digits: quantity === "acc" ? 1 : 3, epoch: say("epoch"),
        weight: Number(state.get("r.smooth", "0")), fromZero: state.get("r.zero", "1") === "1",
      });
    }
  }

  function drawLegend(all, hidden) {
    const before = [...parts.legend.children].map(child => child.dataset.key).join();
    if (before === all.map(one => one.key).join() && before) return; // the focus stays where it is
    parts.legend.replaceChildren(...all.map(one => {
      const label = e("label", { class: "check" }, e("input", {
        type: "checkbox", checked: !hidden.has(one.key),
        onchange: event => {
          const now = off();
          if (event.target.checked) now.delete(one.key); else now.add(one.key);
          state.set("r.off", [...now].join("\n"));
          drawCurves();
        },
      }), e("span", { class: "swatch", style: { background: shade(one.colour) } }), one.name);
      label.dataset.key = one.key;
      return label;
    }));
  }

  // -- the table

  function drawTable() {
    const byMode = state.get("r.rows") === "mode";
    const button = (value, title) => e("button", { type: "button", "aria-pressed": String(byMode === (value === "mode")), onclick: () => { state.set("r.rows", value); drawTable(); } }, say(title));
    const heads = byMode ? ["group", ...columns] : COLUMNS;
    const rows = byMode ? modes.filter(one => folder() === "*" || one.group === folder()) : chosen();
    const used = heads.filter(head => ["mode", "augmentation"].includes(head) || rows.some(row => value(row, head) !== null));
    const shown = used.filter(head => !(["in", "group"].includes(head) && rows.every(row => value(row, head) === value(rows[0], head))));
    const [by, descending] = state.get("r.sort").split(" ");
    if (shown.includes(by)) {
      rows.sort((one, other) => {
        const [a, b] = [value(one, by), value(other, by)];
        if (a === null || b === null) return (a === null) - (b === null);
        return (typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b))) * (descending ? -1 : 1);
      });
    }
    const head = name => {
      const way = name === by ? (descending ? "descending" : "ascending") : "none";
      const title = { train: "trainAcc", group: "in" }[name] ?? name;
      return e("th", { scope: "col", "aria-sort": way }, e("button", {
        type: "button", class: "plain", id: `sort-${name}`, onclick: () => {
          state.set("r.sort", way === "ascending" ? `${name} desc` : name);
          drawTable();
          document.getElementById(`sort-${name}`)?.focus();
        },
      }, say(title), e("span", { "aria-hidden": "true" }, { ascending: " ▲", descending: " ▼", none: "" }[way])));
    };
    parts.table.replaceChildren(
      e("div", { class: "row" }, e("h2", {}, say("table")), e("span", { class: "row", role: "group", "aria-label": say("rows") }, button("run", "eachRun"), button("mode", "byMode"))),
      e("div", { class: "wide", tabindex: "0", role: "region", "aria-label": say("table") }, e("table", {}, e("thead", {}, e("tr", {}, shown.map(head))),
        e("tbody", {}, rows.map(row => e("tr", {}, shown.map(name => e("td", { class: ["mode", "augmentation", "in", "group", "state"].includes(name) ? "" : "number" }, ...cell(row, name)))))))));
  }

  /** What a column sorts by: a number, a text, or null where nothing is known. */
  function value(row, name) {
    if (name === "in" || name === "group") return named(row.group);
    if (name === "state") return row.state === "unknown" ? null : say(stateOf(row), row.diverged);
    const known = row[name];
    if (known === undefined || known === null || known === "") return null;
    if (typeof known === "number" || name === "mode" || name === "augmentation") return known;
    const number = parseFloat(known);
    return Number.isNaN(number) ? known : number;
  }

  function cell(row, name) {
    const what = value(row, name);
    if (what === null) return ["–"];
    if (name === "mode" || name === "augmentation") {
      return [e("span", { class: "named" }, e("span", { class: "swatch", style: { background: shade(colours[what] ?? "#888888") } }), e("code", {}, what))];
    }
    if (name === "epochs" && row.planned) return [`${what} / ${row.planned}`];
    if (name === "seconds") return [duration(what)];
    if (typeof row[name] === "string" && name !== "state") return [row[name]]; // mean ± spread, in the words of the server
    if (typeof what === "number" && !["seed", "epochs", "best_epoch"].includes(name)) return [what.toFixed(1)];
    return [String(what)];
  }

  function duration(seconds) {
    const whole = Math.round(seconds), hours = Math.floor(whole / 3600), minutes = Math.floor(whole / 60) % 60;
    return hours ? `${hours}h${String(minutes).padStart(2, "0")}m` : minutes ? `${minutes}m${String(whole % 60).padStart(2, "0")}s` : `${whole}s`;
  }

  // -- reports

  function buildReports() {
    parts.list = e("div", { class: "row" });
    parts.report = e("div", { class: "report" });
    parts.reports.replaceChildren(e("h2", {}, say("reports")), parts.list, parts.report);
    if (report) showReport(report);
  }

  function drawReports() {
    parts.list.replaceChildren(...(news.reports.length ? news.reports.map(one => e("button", {
      type: "button", disabled: !one.ready, "aria-pressed": String(report?.id === one.id),
      onclick: () => { report = report?.id === one.id ? null : one; drawReports(); showReport(report); },
    }, `${named(one.folder)} (${say(one.kind)})${one.ready ? "" : `, ${say("notReady")}`}`)) : [e("p", { class: "soft" }, say("noReports"))]));
  }

  function showReport(one) {
    if (!one) { parts.report.replaceChildren(); return; }
    const src = studio.address("runs-report", { id: one.id });
    parts.report.replaceChildren(e("p", {}, e("a", { href: src, target: "_blank", rel: "noopener" }, say("apart"))),
      e("iframe", { src, sandbox: "allow-scripts", title: `${say("reports")}: ${named(one.folder)}` }));
  }

  // -- what a run saw

  function buildSeen() {
    parts.run = e("select", { onchange: () => { state.set("r.run", parts.run.value); seen = null; ask(); } });
    const field = (title, key, least) => {
      const input = e("input", { type: "number", min: String(least), step: "1", value: state.get(key, String(least)), onchange: () => { state.set(key, input.value); ask(); } });
      parts[key] = input;
      return e("label", { class: "titled" }, say(title), input);
    };
    parts.cells = e("div", { class: "cells" });
    parts.about = e("p", { class: "soft" });
    parts.go = e("button", { type: "button", onclick: () => ask() }, say("show"));
    parts.form = e("div", { class: "row" }, e("label", { class: "titled run-choice" }, say("run"), parts.run), field("from", "r.epoch", 1), field("image", "r.image", 0), parts.go);
    parts.seen.replaceChildren(e("h2", {}, say("seen")), e("p", { class: "soft" }, say("seenText")), parts.form, parts.about, parts.cells);
    if (seen) drawSeen();
  }

  function fillSeen() {
    const shown = chosen().filter(run => run.can_show);
    parts.form.hidden = !shown.length;
    if (!shown.length) { parts.about.textContent = say("noRuns"); return; }
    const key = shown.map(run => run.id).join();
    if (parts.run.dataset.key === key) return;
    parts.run.dataset.key = key;
    parts.run.replaceChildren(...shown.map(run => e("option", { value: run.id }, `${run.mode} · ${named(run.folder)}${run.seed === null ? "" : ` · ${say("seed")} ${run.seed}`}`)));
    parts.run.value = state.get("r.run");
    if (parts.run.selectedIndex < 0) parts.run.selectedIndex = 0;
  }

  const ask = studio.newest(async () => {
    const query = { id: parts.run.value, epoch: parts["r.epoch"].value || "1", image: parts["r.image"].value || "0" };
    const run = known.get(query.id);
    if (run?.planned) query.epoch = String(Math.min(run.planned, Number(query.epoch)));
    if (run?.images) query.image = String(Math.min(run.images - 1, Number(query.image)));
    parts["r.epoch"].value = query.epoch;
    parts["r.image"].value = query.image;
    try {
      while (visible) {
        const answer = await studio.ask("runs-seen", query);
        if (!answer.loading) return answer;
        parts.about.textContent = say("opening");
        await studio.sleep(300);
      }
      return null;
    } catch (error) { return { fault: error.message }; }
  }, answer => { seen = answer ?? seen; if (seen) drawSeen(); });

  function drawSeen() {
    if (seen.fault) {
      parts.about.replaceChildren(e("span", { class: "bad", role: "alert" }, seen.fault));
      parts.cells.replaceChildren();
      return;
    }
    parts["r.epoch"].max = seen.epochs;
    parts["r.image"].max = seen.images - 1;
    parts.about.replaceChildren(say("ofImages", parts["r.image"].value, seen.images - 1, seen.path), ...seen.notes.map(note => e("span", { class: "warning" }, note)));
    parts.cells.replaceChildren(...seen.cells.map(({ picture, epoch, caption }) => e("figure", {},
      e("img", { src: picture, alt: epoch ? say("draw", epoch) : say("original") }),
      e("figcaption", {}, e("strong", {}, epoch ? say("draw", epoch) : say("original")), " ", caption))));
  }

  build();
  let width = 0;
  new ResizeObserver(() => {
    if (room.clientWidth && room.clientWidth !== width && known.size) { width = room.clientWidth; drawCurves(); }
  }).observe(room);
  return {
    shown() { visible = true; poll(); },
    hidden() { visible = false; },
    language() { build(); },
  };
}
