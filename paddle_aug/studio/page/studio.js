// The shell: tabs, language, theme, the state in the address, and requests.

const TABS = [
  ["explore", () => import("./explore.js")],
  ["data", () => import("./data.js")],
  ["runs", () => import("./runs.js")],
  ["network", () => import("./network.js")],
];

const words = {
  en: {
    explore: "Explore", data: "Data", runs: "Runs", network: "Network",
    about: "{0} · {1} images of {2} classes", opening: "opening the data…",
    language: "中文", languageTitle: "切换到中文", theme: "Theme",
    auto: "auto", light: "light", dark: "dark", tabs: "Tabs", close: "Close",
    ended: "The studio has ended. Start it again in its terminal, then reload this page.",
    refused: "The studio refused this request ({0}). Reload the page.",
    large: "{0} is larger than 32 MB.", copy: "Copy", copied: "Copied",
  },
  zh: {
    explore: "探索", data: "数据", runs: "训练记录", network: "网络",
    about: "{0} · {1} 张图片，{2} 个类别", opening: "正在打开数据…",
    language: "English", languageTitle: "Switch to English", theme: "主题",
    auto: "自动", light: "浅色", dark: "深色", tabs: "标签页", close: "关闭",
    ended: "Studio 已经结束。请在终端重新启动，然后刷新本页。",
    refused: "Studio 拒绝了这个请求（{0}）。请刷新本页。",
    large: "{0} 超过 32 MB。", copy: "复制", copied: "已复制",
  },
};

const remembered = {
  get(key) { try { return localStorage.getItem(`studio.${key}`); } catch { return null; } },
  set(key, value) { try { localStorage.setItem(`studio.${key}`, value); } catch { /* private */ } },
};

// -- the state, which a link holds

const held = new URLSearchParams(location.hash.slice(1));
let writing = 0;
function write() {
  clearTimeout(writing);
  writing = 0;
  history.replaceState(null, "", `#${held}`);
}
const state = {
  get(key, otherwise = "") { return held.get(key) ?? otherwise; },
  set(key, value) {
    const text = value === undefined || value === null ? "" : String(value);
    if (text === "") held.delete(key); else held.set(key, text);
    writing ||= setTimeout(write, 250); // browsers limit how often the address may change
  },
};
addEventListener("hashchange", () => location.reload());
addEventListener("pagehide", () => writing && write());

// -- words

const studio = {
  state,
  language: remembered.get("language") ?? (navigator.language.startsWith("zh") ? "zh" : "en"),
  info: {},
  say(key, ...values) { return filled(words[this.language][key] ?? key, values); },
};

function filled(text, values) {
  return text.replace(/\{(\d)\}/g, (_, place) => values[place] ?? "");
}

function withWords(own) {
  const tab = Object.create(studio);
  tab.say = (key, ...values) => {
    const text = own?.[studio.language]?.[key];
    return text === undefined ? studio.say(key, ...values) : filled(text, values);
  };
  return tab;
}

// -- requests

let working = 0;
function work(change) {
  working += change;
  document.body.dataset.busy = working > 0 ? "yes" : "no";
}
studio.during = async promise => {
  work(1);
  try { return await promise; } finally { work(-1); }
};

studio.sleep = milliseconds => new Promise(resolve => setTimeout(resolve, milliseconds));

studio.address = (name, query = {}) => {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== null);
  return `api/${name}?${new URLSearchParams(given)}`;
};
studio.ask = (name, query) => studio.during(answer(studio.address(name, query)));
studio.send = (name, query, body) => studio.during(answer(
  studio.address(name, query), { method: "POST", headers: { "X-Studio": "1" }, body }));

// Send a picture; what the studio calls it from now on, or nothing after a message.
studio.upload = async file => {
  if (file.size > 32 * 2 ** 20) { studio.toast(studio.say("large", file.name)); return null; }
  try {
    return await studio.send("upload", { name: file.name.slice(-200) }, file);
  } catch (error) { studio.toast(error.message); return null; }
};

async function answer(address, options) {
  let response;
  try { response = await fetch(address, options); } catch { throw new Error(studio.say("ended")); }
  let value;
  try { value = await response.json(); } catch { value = null; }
  if (value?.error) throw new Error(value.error);
  if (!response.ok || value === null) throw new Error(studio.say("refused", response.status));
  return value;
}

// One request in flight; of the wishes that come meanwhile, the newest is next.
studio.newest = (asker, shower) => {
  let wanted = null, running = null;
  async function run() {
    while (wanted) {
      const wish = wanted;
      wanted = null;
      try { await shower(await asker(...wish), ...wish); } catch (error) { studio.toast(error.message); }
    }
    running = null;
  }
  return (...wish) => {
    wanted = wish;
    return running ??= studio.during(run());
  };
};

// -- elements

studio.element = (tag, attributes = {}, ...children) => {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (typeof value === "function") made.addEventListener(name.replace(/^on/, ""), value);
    else if (name === "style") Object.assign(made.style, value);
    else if (name in made && (name === "value" || typeof value !== "string")) made[name] = value;
    else if (name === "text") made.textContent = value;
    else made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.flat().filter(child => child !== undefined && child !== null && child !== false));
  return made;
};
const { element } = studio;

// A button that copies the text of an element or, where the browser does not allow that, selects it.
studio.copyButton = (code, title) => {
  const button = element("button", {
    type: "button", "aria-label": title && `${studio.say("copy")}: ${title}`,
    onclick: async () => {
      try { await navigator.clipboard.writeText(code.textContent); } catch {
        getSelection().selectAllChildren(code);
        return;
      }
      button.textContent = studio.say("copied");
      setTimeout(() => { button.textContent = studio.say("copy"); }, 1500);
    },
  }, studio.say("copy"));
  return button;
};

studio.toast = message => {
  const toasts = document.getElementById("toasts");
  if ([...toasts.children].some(toast => toast.firstChild.textContent === message)) return;
  const toast = element("div", { class: "toast" }, element("span", {}, message));
  toast.append(element("button", {
    type: "button", "aria-label": studio.say("close"), onclick: () => toast.remove(),
  }, "×"));
  toasts.append(toast);
  setTimeout(() => toast.remove(), 12000);
};

// -- tabs, language and theme

const rooms = new Map(); // by tab: its panel, and what its module returned

function buildTabs() {
  const list = document.getElementById("tabs");
  list.setAttribute("aria-label", studio.say("tabs"));
  list.replaceChildren(...TABS.map(([name]) => element("button", {
    type: "button", role: "tab", id: `tab-${name}`, "aria-controls": `room-${name}`,
    onclick: () => show(name),
    onkeydown: event => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!step) return;
      const place = TABS.findIndex(tab => tab[0] === name) + step;
      const next = TABS[(place + TABS.length) % TABS.length][0];
      show(next);
      document.getElementById(`tab-${next}`).focus();
    },
  }, studio.say(name))));
}

async function show(name) {
  const before = state.get("tab");
  state.set("tab", name);
  if (before !== name) rooms.get(before)?.tab?.hidden?.();
  for (const [one] of TABS) {
    const button = document.getElementById(`tab-${one}`);
    button.setAttribute("aria-selected", String(one === name));
    button.tabIndex = one === name ? 0 : -1;
    document.getElementById(`room-${one}`).hidden = one !== name;
  }
  const room = rooms.get(name);
  if (!room.opening) {
    room.opening = (async () => {
      const module = await TABS.find(tab => tab[0] === name)[1]();
      room.tab = module.open(room.panel, withWords(module.words)) ?? {};
    })();
  }
  try { await studio.during(room.opening); } catch (error) { studio.toast(error.message); return; }
  if (state.get("tab") === name) room.tab.shown?.();
}

function buildSettings() {
  const theme = element("select", {
    "aria-label": studio.say("theme"),
    onchange: event => { remembered.set("theme", event.target.value); applyTheme(); },
  }, ["auto", "light", "dark"].map(one => element("option", { value: one }, studio.say(one))));
  theme.value = remembered.get("theme") ?? "auto";
  const language = element("button", {
    type: "button", id: "language", title: studio.say("languageTitle"),
    lang: studio.language === "en" ? "zh" : "en",
    onclick: () => {
      studio.language = studio.language === "en" ? "zh" : "en";
      remembered.set("language", studio.language);
      build();
      for (const room of rooms.values()) room.tab?.language?.();
    },
  }, studio.say("language"));
  document.getElementById("settings").replaceChildren(theme, language);
}

function applyTheme() {
  document.documentElement.dataset.theme = remembered.get("theme") ?? "auto";
}

function build() {
  document.documentElement.lang = studio.language === "zh" ? "zh-CN" : "en";
  buildTabs();
  buildSettings();
  const { name, images, classes, loading } = studio.info;
  document.getElementById("about").textContent = loading ? studio.say("opening")
    : name ? studio.say("about", name, images.toLocaleString(), classes.length) : "";
  const now = state.get("tab");
  for (const [one] of TABS) {
    const button = document.getElementById(`tab-${one}`);
    button.setAttribute("aria-selected", String(one === now));
    button.tabIndex = one === now ? 0 : -1;
  }
}

async function start() {
  applyTheme();
  for (const [name] of TABS) {
    const panel = element("section", {
      id: `room-${name}`, role: "tabpanel", "aria-labelledby": `tab-${name}`, hidden: true,
    });
    rooms.set(name, { panel });
    document.getElementById("rooms").append(panel);
  }
  build();
  studio.info = await studio.ask("info");
  while (studio.info.loading) {
    build();
    await studio.sleep(300);
    studio.info = await studio.ask("info");
  }
  build();
  if (studio.info.fault) studio.toast(studio.info.fault);
  await show(rooms.has(state.get("tab")) ? state.get("tab") : TABS[0][0]);
}

studio.during(start()).catch(error => studio.toast(error.message));
