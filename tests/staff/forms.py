"""Fill in a form as a browser does: what stands in the fields, and what somebody typed."""

from html.parser import HTMLParser


class _Fields(HTMLParser):
    def __init__(self):
        super().__init__()
        self.values, self.area, self.select = {}, None, None

    def add(self, name, value):
        if name:
            self.values.setdefault(name, []).append(value)

    def handle_starttag(self, tag, pairs):
        at = dict(pairs)
        if "disabled" in at:
            return
        if tag == "input" and at.get("type") not in ("submit", "file"):
            if at.get("type") not in ("checkbox", "radio") or "checked" in at:
                self.add(at.get("name"), at.get("value", "on" if "checked" in at else "") or "")
        elif tag == "textarea":
            self.area = [at.get("name"), ""]
        elif tag == "select":
            self.select = at.get("name")
        elif tag == "option" and self.select and "selected" in at:
            self.add(self.select, at.get("value") or "")

    def handle_data(self, data):
        if self.area:
            self.area[1] += data

    def handle_endtag(self, tag):
        if tag == "textarea" and self.area:
            # HTML drops the first line end; a browser sends CR LF.
            name, text = self.area
            self.add(name, text.removeprefix("\n").replace("\n", "\r\n"))
            self.area = None
        elif tag == "select":
            self.select = None


def fields(response):
    parser = _Fields()
    parser.feed(response.content.decode())
    return parser.values


def fill_in(client, url, **typed):
    """Open a page, type, press its first button. Follows no redirect."""
    response = client.get(url)
    assert response.status_code == 200, url
    return client.post(url, {**fields(response), "_save": "Save", **typed})


def text(response):
    return response.content.decode()
