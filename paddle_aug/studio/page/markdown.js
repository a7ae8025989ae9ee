// The Markdown of our reports as elements: headings, paragraphs, tables, code, lists and pictures.

/** `picture(name)` gives the address of a picture of the report. */
export function markdown(text, e, picture) {
  const blocks = [];
  const lines = text.split("\n");
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at];
    const take = holds => { const taken = []; while (at < lines.length && holds(lines[at])) taken.push(lines[at++]); at--; return taken; };
    const image = line.match(/^!\[(.*)\]\(([^)/]+)\)$/);
    if (!line.trim()) continue;
    if (line.startsWith("```")) {
      at++;
      blocks.push(e("pre", { tabindex: "0" }, take(one => !one.startsWith("```")).join("\n")));
      at++;
    } else if (/^#+ /.test(line)) blocks.push(e("h3", {}, ...inline(line.replace(/^#+ /, ""), e)));
    else if (image) blocks.push(e("img", { alt: image[1], src: picture(image[2]), loading: "lazy" }));
    else if (line.startsWith("|")) blocks.push(table(take(one => one.startsWith("|")), e));
    else if (/^[-*] /.test(line)) blocks.push(e("ul", {}, take(one => /^[-*] /.test(one)).map(one => e("li", {}, ...inline(one.slice(2), e)))));
    else blocks.push(e("p", {}, ...inline(take(one => one.trim() && !/^(#|\||```|!\[)/.test(one)).join(" ").replace(/^> ?/, ""), e)));
  }
  return blocks;
}

function table(lines, e) {
  const [heads, marks, ...rows] = lines.map(line => line.split(/(?<!\\)\|/).slice(1, -1).map(cell => cell.trim().replaceAll("\\|", "|")));
  const numbers = marks.map(mark => mark.endsWith(":"));
  const cells = (row, tag, scope) => e("tr", {}, row.map((cell, place) => e(tag, { scope, class: numbers[place] && "number" }, ...inline(cell, e))));
  return e("div", { class: "wide", tabindex: "0" },
    e("table", {}, e("thead", {}, cells(heads, "th", "col")), e("tbody", {}, rows.map(row => cells(row, "td")))));
}

function inline(text, e) {
  return text.split(/(`[^`]+`|\*\*[^*]+\*\*|\[[^\]]+\]\([^)]*\))/).filter(Boolean).map(part => {
    if (part[0] === "`" && part.length > 2) return e("code", {}, part.slice(1, -1));
    if (part.startsWith("**") && part.length > 4) return e("strong", {}, part.slice(2, -2));
    return part.replace(/^\[([^\]]+)\]\([^)]*\)$/, "$1");
  });
}
