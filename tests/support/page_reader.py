"""What a browser would find in an HTML page."""

import base64
from html.parser import HTMLParser
from io import BytesIO

import numpy as np
from PIL import Image


class Reader(HTMLParser):
    """The texts of a page by tag, its images and addresses; tags have to be closed in order."""

    def __init__(self, text):
        super().__init__()
        self.open, self.texts, self.images, self.addresses = [], {}, [], []
        self.tags = []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.tags.append((tag, attrs))
        self.addresses += [attrs[name] for name in ("src", "href") if name in attrs]
        if tag == "img":
            self.images.append(attrs)
        if tag not in ("meta", "img", "input", "wbr"):
            self.open.append(tag)
            self.texts.setdefault(tag, []).append("")

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        for tag in self.open:
            self.texts[tag][-1] += data

    def found(self, tag):
        """The attributes of each such tag."""
        return [attrs for name, attrs in self.tags if name == tag]

    def ids(self, tag):
        return [attrs["id"] for attrs in self.found(tag)]

    def files(self):
        """The bytes of the images, which the page contains."""
        for attrs in self.images:
            kind, data = attrs["src"].split(";base64,")
            content = base64.b64decode(data, validate=True)
            with Image.open(BytesIO(content)) as image:
                assert kind == f"data:image/{image.format.lower()}"
                assert image.size == (int(attrs["width"]), int(attrs["height"]))
            yield content

    def pictures(self):
        return (np.asarray(Image.open(BytesIO(content))) for content in self.files())
