"""Our own pictures for the invented campaign: flat colours, drawn by these lines alone.

Nobody's likeness: Marta Ilin has no face, because she does not exist.
"""

import io

from PIL import Image, ImageDraw, ImageFilter

FINE = 2  # drawn larger and made smaller, so that edges are smooth


class Sheet:
    """A picture in the making. Points are pixels of the finished picture."""

    def __init__(self, width, height, top, bottom):
        self.size = (width * FINE, height * FINE)
        self.image = _gradient(self.size, top, bottom)

    def shape(self, points, colour, *, to=None, soft=0, strength=1.0):
        """Fill a polygon with one colour, or from one at the top `to` another at the bottom."""
        mask = Image.new("L", self.size)
        scaled = [(x * FINE, y * FINE) for x, y in points]
        ImageDraw.Draw(mask).polygon(scaled, fill=round(255 * strength))
        if soft:
            mask = mask.filter(ImageFilter.GaussianBlur(soft * FINE))
        box = mask.getbbox()
        if box:
            paint = _gradient((box[2] - box[0], box[3] - box[1]), colour, to or colour)
            self.image.paste(paint, box, mask.crop(box))

    def curve(self, points, colour, **more):
        self.shape(smooth(points), colour, **more)

    def box(self, left, top, right, bottom, colour, **more):
        corners = [(left, top), (right, top), (right, bottom), (left, bottom)]
        self.shape(corners, colour, **more)

    def disc(self, x, y, radius, colour, **more):
        k = radius * 0.7071
        points = [(x - radius, y), (x - k, y - k), (x, y - radius), (x + k, y - k)]
        points += [(x + radius, y), (x + k, y + k), (x, y + radius), (x - k, y + k)]
        self.curve(points, colour, **more)

    def png(self) -> bytes:
        width, height = self.size
        small = self.image.resize((width // FINE, height // FINE), Image.Resampling.LANCZOS)
        spool = io.BytesIO()
        small.save(spool, "PNG")
        return spool.getvalue()


def _gradient(size, top, bottom):
    if top == bottom:
        return Image.new("RGB", size, top)
    ramp = Image.linear_gradient("L").resize(size)
    return Image.composite(Image.new("RGB", size, bottom), Image.new("RGB", size, top), ramp)


def smooth(points, steps=16):
    """A closed curve through the points (Catmull-Rom)."""
    found = []
    count = len(points)
    for i in range(count):
        a, b, c, d = (points[(i + k) % count] for k in (-1, 0, 1, 2))
        for step in range(steps):
            t = step / steps
            found.append(
                tuple(
                    0.5
                    * (
                        2 * q
                        + (r - p) * t
                        + (2 * p - 5 * q + 4 * r - s) * t**2
                        + (3 * q - p - 3 * r + s) * t**3
                    )
                    for p, q, r, s in zip(a, b, c, d, strict=True)
                )
            )
    return found


def portrait() -> bytes:
    """A woman beside a window at dusk, a lamp on the sill."""
    sheet = Sheet(1600, 1200, "#1d3247", "#2c4a5c")
    # The window, and the light that falls from it.
    sheet.box(960, 90, 1450, 800, "#f0b35f", soft=90, strength=0.4)
    sheet.box(985, 110, 1425, 780, "#15263a")
    sheet.box(1005, 130, 1405, 760, "#f7d9a0", to="#dd7d55")
    sheet.disc(1240, 560, 74, "#fff1cf")
    far = [
        (1005, 610),
        (1100, 570),
        (1190, 622),
        (1290, 585),
        (1405, 632),
        (1405, 760),
        (1005, 760),
    ]
    sheet.shape(far, "#a9564c")
    sheet.shape(
        [(1005, 690), (1130, 655), (1280, 700), (1405, 668), (1405, 760), (1005, 760)], "#6f3c45"
    )
    sheet.box(1196, 130, 1214, 760, "#15263a")
    sheet.box(1005, 424, 1405, 442, "#15263a")
    sheet.box(945, 780, 1465, 822, "#0f1d2d")
    sheet.shape(
        [(985, 822), (1425, 822), (1150, 1200), (330, 1200)], "#e9a75c", soft=36, strength=0.16
    )
    # Shoulders, neck and head, turned to the light.
    back_hair = [
        (640, 176),
        (800, 236),
        (850, 400),
        (826, 560),
        (850, 720),
        (760, 800),
        (600, 810),
        (470, 770),
        (440, 610),
        (452, 400),
        (510, 240),
    ]
    sheet.curve(back_hair, "#141a26")
    coat = [
        (250, 1230),
        (262, 1010),
        (360, 880),
        (520, 806),
        (640, 800),
        (770, 806),
        (910, 880),
        (1010, 1010),
        (1030, 1230),
        (640, 1270),
    ]
    sheet.curve(coat, "#a23b34", to="#7a2a2c")
    sheet.curve(
        [(800, 818), (910, 882), (1010, 1012), (1032, 1230), (900, 1240), (880, 1010)], "#cf5d45"
    )
    sheet.shape([(588, 590), (726, 590), (732, 850), (650, 900), (572, 850)], "#b8795a")
    sheet.shape([(656, 640), (726, 590), (732, 850), (656, 900)], "#d99a72")
    sheet.shape([(587, 600), (726, 600), (728, 680), (672, 708), (583, 676)], "#a0684d")
    face = [
        (655, 262),
        (748, 300),
        (792, 400),
        (790, 500),
        (756, 600),
        (676, 668),
        (600, 640),
        (536, 560),
        (518, 450),
        (540, 330),
    ]
    sheet.curve(face, "#c98a66")
    lit = [
        (690, 268),
        (752, 302),
        (793, 400),
        (790, 500),
        (756, 600),
        (684, 665),
        (700, 560),
        (684, 470),
        (716, 380),
    ]
    sheet.curve(lit, "#edb88a")
    # Hair over the forehead, parted towards the window.
    sheet.curve(
        [
            (700, 196),
            (600, 214),
            (506, 290),
            (470, 420),
            (478, 600),
            (520, 640),
            (548, 520),
            (580, 400),
            (660, 330),
            (722, 262),
        ],
        "#1d2433",
    )
    sheet.curve(
        [
            (690, 200),
            (780, 246),
            (832, 360),
            (830, 500),
            (846, 610),
            (806, 640),
            (792, 470),
            (764, 350),
            (712, 272),
        ],
        "#252c3c",
    )
    # A scarf in the colour of the window.
    sheet.curve(
        [(530, 786), (650, 866), (772, 784), (812, 840), (668, 950), (488, 850)],
        "#e0a455",
        to="#c27f3e",
    )
    return sheet.png()


def crane() -> bytes:
    """A paper crane over a quiet bay, on its way to the sun."""
    sheet = Sheet(1600, 1000, "#2b587a", "#2b587a")
    sheet.box(0, 0, 1600, 340, "#2b587a", to="#8b93ad")
    sheet.box(0, 340, 1600, 700, "#8b93ad", to="#f8c998")
    sheet.disc(1120, 560, 210, "#ffe3a8", soft=80, strength=0.7)
    sheet.disc(1120, 560, 104, "#fff4d6")
    hills = [
        (0, 610),
        (180, 540),
        (380, 596),
        (560, 520),
        (780, 600),
        (1000, 566),
        (1260, 616),
        (1450, 560),
        (1600, 600),
        (1600, 700),
        (0, 700),
    ]
    sheet.shape(hills, "#b98a7c", to="#d6a583")
    nearer = [
        (0, 650),
        (240, 606),
        (460, 664),
        (700, 640),
        (940, 676),
        (1180, 656),
        (1420, 636),
        (1600, 664),
        (1600, 720),
        (0, 720),
    ]
    sheet.shape(nearer, "#7d6470")
    sheet.box(0, 690, 1600, 1000, "#d8a28a", to="#35546f")
    for y, left, right in (
        (716, 1010, 1236),
        (746, 1050, 1196),
        (784, 1000, 1160),
        (836, 1070, 1220),
        (900, 1040, 1150),
    ):
        sheet.shape(
            [(left, y), ((left + right) / 2, y - 5), (right, y), ((left + right) / 2, y + 5)],
            "#fff0cb",
            strength=0.8,
        )
    _bird(sheet, 590, 420, 1.0)
    _bird(sheet, 200, 250, 0.3)
    _bird(sheet, 1330, 200, 0.2)
    return sheet.png()


def _bird(sheet, x, y, size):
    def facet(colour, *points):
        sheet.shape([(x + px * size, y + py * size) for px, py in points], colour)

    facet("#c9d3d8", (-30, 60), (-330, -40), (-120, 96))  # tail
    facet("#9fb0ba", (-30, 60), (-120, 96), (-10, 120))
    facet("#b3c2ca", (-40, 70), (60, -310), (120, 60))  # far wing
    facet("#f7f4ec", (-60, 80), (-190, -250), (110, 70))  # near wing
    facet("#dfe5e6", (-60, 80), (-190, -250), (-20, 60))
    facet("#e7ebea", (-80, 80), (130, 60), (20, 160))  # body
    facet("#c2ced4", (-80, 80), (20, 160), (-20, 100))
    facet("#f7f4ec", (100, 66), (330, -90), (140, 96))  # neck
    facet("#b8c5cc", (330, -90), (390, -52), (300, -66))  # beak


def door() -> bytes:
    """A closed door, and a parcel of paper before it."""
    sheet = Sheet(1600, 1000, "#c9bfa9", "#b3a78f")
    for row in range(5):
        for column in range(-1, 6):
            left = column * 320 + (160 if row % 2 else 0)
            sheet.box(left + 4, row * 170 + 4, left + 316, row * 170 + 166, "#cfc6b2", to="#c2b8a2")
    sheet.box(560, 60, 1040, 820, "#8f8672")
    sheet.box(590, 90, 1010, 820, "#1f4a48", to="#173836")
    for left in (626, 816):
        for top, bottom in ((130, 420), (460, 770)):
            sheet.box(left, top, left + 158, bottom, "#163432")
            sheet.box(left + 8, top + 8, left + 158, bottom, "#265a56", to="#1f4b48")
    sheet.box(797, 90, 803, 820, "#0f2725")
    sheet.disc(778, 470, 13, "#d9b264")
    sheet.disc(822, 470, 13, "#d9b264")
    sheet.box(440, 820, 1160, 880, "#a29883", to="#8d836e")
    sheet.box(360, 880, 1240, 1000, "#93896f", to="#776e58")
    # The parcel, its string, and the shadow of an afternoon.
    sheet.shape(
        [(640, 880), (860, 880), (1330, 985), (1010, 1000)], "#3a3528", soft=14, strength=0.45
    )
    sheet.box(600, 730, 860, 900, "#c08b52", to="#a87442")
    sheet.shape([(600, 730), (640, 700), (900, 700), (860, 730)], "#d8a569")
    sheet.shape([(860, 730), (900, 700), (900, 866), (860, 900)], "#8c5f35")
    sheet.box(722, 730, 736, 900, "#f1e6cf")
    sheet.shape([(722, 730), (736, 730), (776, 700), (762, 700)], "#f1e6cf")
    sheet.box(600, 806, 860, 818, "#f1e6cf")
    sheet.shape([(860, 806), (900, 776), (900, 788), (860, 818)], "#cdbf9f")
    sheet.box(640, 752, 702, 790, "#fbf7ec")
    return sheet.png()
