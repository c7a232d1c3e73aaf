"""Reading a report back, for its tests."""

import re
from html.parser import HTMLParser

VOID = {"meta", "img", "link", "br", "hr", "input"}


class Reader(HTMLParser):
    """Checks nesting and collects tags with their attributes, and the text."""

    def __init__(self, html):
        super().__init__()
        self.html, self.open, self.tags, self.text = html, [], [], []
        self.feed(html)
        self.close()

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)

    def attributes(self, tag):
        """The attributes of every such tag."""
        return [attributes for name, attributes in self.tags if name == tag]


def cell_page(html, name):
    """The page of one cell."""
    return Reader(re.search(rf'<article class="cell" id="{name}".*?</article>', html, re.S).group())
