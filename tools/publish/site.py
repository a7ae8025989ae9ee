"""Hooks of MkDocs: the Chinese site, and the files outside docs/ that its pages link to.

Pages link to each other as on a code host, by relative paths to Markdown files. Of the files
outside docs/, the site has those to which a page links, under repository/. The Chinese site has the
pages of docs/zh and, where one is missing, the English page, which says so.
"""

import functools
import json
import os
import re
from pathlib import Path
from posixpath import dirname, join, normpath, relpath

ROOT = Path(__file__).parent.parent.parent
# [text](target#part), ![text](target), <a href="target#part"> and <img src="target">.
LINK = re.compile(r"(?P<before>\]\(|\b(?:src|href)=\")(?P<target>[^)\s\"#:]+)(?P<part>#[^)\s\"]*)?")
FOLDER = re.compile(r"\[(?P<text>[^\[\]]+)\]\((?P<target>[^)\s#:]+)\)")
HAN = re.compile("[\u4e00-\u9fff]+")
OUTSIDE = "repository/"
NAMES = {"en": "English", "zh": "中文"}
ENGLISH_ONLY = '\n\n!!! note ""\n    本页只有英文版。\n'


def path_of(name: str) -> str:
    """The path from the repository of a file of the site."""
    return name.removeprefix(OUTSIDE) if name.startswith(OUTSIDE) else f"docs/{name}"


def target_of(page: str, link: str, names) -> str:
    """The name of the file to which a page links; of two languages, the one that is in `names`."""
    path = normpath(join(dirname(path_of(page)), link))
    name = path.removeprefix("docs/") if path.startswith("docs/") else OUTSIDE + path
    if f"zh/{name}" in names:
        return f"zh/{name}"
    return name if name in names else name.removeprefix("zh/")


def outside(pages: list[str]) -> set[str]:
    """The files outside docs/ to which the pages link, and those to which these link."""
    found: set[str] = set()
    while pages:
        page = pages.pop()
        for match in LINK.finditer((ROOT / path_of(page)).read_text(encoding="utf-8")):
            name = target_of(page, match["target"], ())
            is_new = name.startswith(OUTSIDE) and name not in found
            if is_new and (ROOT / path_of(name)).is_file():
                found.add(name)
                pages += [name] if name.endswith(".md") else []
    return found


def linked(text: str, page: str, urls: dict[str, str]) -> str:
    """The text of a page with links to files of the site; `urls` has where those are in it.

    The site has no folders: a link to one becomes its text and path. A Chinese page may lack the
    part to which an English one links; then the link leads to its beginning.
    """

    def folder(match: re.Match) -> str:
        path = normpath(join(dirname(path_of(page)), match["target"]))
        return f"{match['text']} (`{path}`)" if (ROOT / path).is_dir() else match[0]

    def link(match: re.Match) -> str:
        name = target_of(page, match["target"], urls)
        if name not in urls:
            return match[0]
        target = relpath(name, dirname(page) or ".")
        if match["before"] != "](":  # MkDocs leaves HTML as it is
            target = relpath(urls[name], dirname(urls[page]) or ".")
        part = match["part"] or ""
        translated = name.startswith("zh/") and not page.startswith("zh/")
        if translated and not has_part(name, part[1:]):
            part = ""
        return match["before"] + target + part

    return LINK.sub(link, FOLDER.sub(folder, text))


def has_part(name: str, part: str) -> bool:
    """Whether a page has this anchor, or a heading that makes it."""
    text = (ROOT / path_of(name)).read_text(encoding="utf-8")
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    anchors = {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
    return part in anchors or f'<a id="{part}"></a>' in text


def on_config(config):
    """In Chinese, the navigation has Chinese pages and names."""
    if config.theme["language"] == "zh":
        config.nav = chinese(config.nav, config.extra["chinese"])
    return config


def chinese(item, names: dict[str, str]):
    """A part of the navigation with the Chinese pages, where there are some, and names."""
    if isinstance(item, list):
        return [chinese(part, names) for part in item]
    if isinstance(item, dict):
        return {names[title]: chinese(part, names) for title, part in item.items()}
    return f"zh/{item}" if (ROOT / "docs" / "zh" / item).is_file() else item


def on_files(files, config):
    """The files of one language, and those outside docs/ to which they link."""
    from mkdocs.structure.files import File, Files, InclusionLevel

    def placed(name: str, **more):
        return File(name, config.docs_dir, config.site_dir, False, **more)

    kept, names = [], {file.src_uri for file in files}
    for file in files:
        name = file.src_uri
        if config.theme["language"] != "zh":
            kept += [] if name.startswith("zh/") else [file]
        elif name.startswith("zh/"):
            kept.append(placed(name, dest_uri=placed(name.removeprefix("zh/")).dest_uri))
        elif f"zh/{name}" not in names:
            kept.append(file)
    pages = [file.src_uri for file in kept if file.src_uri.endswith(".md")]
    for name in sorted(outside(pages)):
        kept.append(placed(name, inclusion=InclusionLevel.NOT_IN_NAV))
        kept[-1].abs_src_path = os.fspath(ROOT / path_of(name))
    return Files(kept)


def is_english_in_chinese(page, config) -> bool:
    name = page.file.src_uri
    in_chinese = name.startswith("zh/") or name.endswith(".zh-CN.md")
    return config.theme["language"] == "zh" and not in_chinese


def on_page_markdown(markdown, page, config, files):
    """Links to files of the site; on the Chinese site, an English page says that it is one."""
    urls = {file.src_uri: file.url for file in files}
    text = linked(markdown, page.file.src_uri, urls)
    if is_english_in_chinese(page, config):
        text = re.sub(r"\A\s*(# .*)?", lambda title: title[0] + ENGLISH_ONLY, text, count=1)
    return text


def on_page_content(html, page, config, files):
    """Load pictures when they come into view, let keys reach wide tables, which scroll, and tell
    screen readers which text is English and that a table's empty corner is no heading."""
    html = html.replace("<img ", '<img loading="lazy" ')
    html = html.replace("<table>", '<table tabindex="0">').replace("<th></th>", "<td></td>")
    return f'<div lang="en">{html}</div>' if is_english_in_chinese(page, config) else html


def on_page_context(context, page, config, nav):
    """A switch to each language, whose address `on_post_page` knows."""
    config.extra["alternate"] = [
        {"name": name, "link": f"#{language}", "lang": language} for language, name in NAMES.items()
    ]
    return context


def on_post_page(output, page, config):
    """The switch leads to the same page of docs/ in the other language, or to the front page; and
    the theme's search dialog has a name."""
    name = page.file.src_uri.removeprefix("zh/")
    url = page.url if (ROOT / "docs" / name).is_file() else "index.html"
    places = {"en": "", "zh": "zh/"}
    here = dirname(places[config.theme["language"]] + page.url) or "."
    for language, place in places.items():
        output = output.replace(f'href="#{language}"', f'href="{relpath(place + url, here)}"')
    search = {"en": "Search", "zh": "搜索"}[config.theme["language"]]
    dialog = 'data-md-component="search" role="dialog"'
    return output.replace(dialog, f'{dialog} aria-label="{search}"')


def on_post_build(config):
    """Chinese is searched by the words of the glossary, and by single characters."""
    index = Path(config.site_dir) / "search" / "search_index.json"
    content = json.loads(index.read_text(encoding="utf-8"))
    for entry in content["docs"]:
        entry["title"], entry["text"] = (cut(entry[field]) for field in ("title", "text"))
    index.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")


def cut(text: str) -> str:
    """The text with the separator of words, which takes no space, between Chinese words."""
    return HAN.sub(lambda run: "\u200b".join(["", *words().findall(run[0]), ""]), text)


@functools.cache
def words() -> re.Pattern:
    """The Chinese words of the glossary, and all single characters."""
    rows = (ROOT / "docs" / "zh" / "glossary.md").read_text(encoding="utf-8").splitlines()
    column = "，".join(row.split("|")[2] for row in rows if row.startswith("| "))
    known = sorted(filter(HAN.fullmatch, re.split("[，、（） ]", column)), key=len, reverse=True)
    return re.compile("|".join([*known, "."]))
