"""What people typed, in cells of a spreadsheet: no cell is a formula."""

FORMULA_STARTS = frozenset("=+-@−＝＋－＠\t\r\n")


def as_text(cell: str) -> str:
    """An apostrophe says that it is text, also where a spreadsheet drops spaces before a formula.
    Lists of names never alter one: they refuse what begins like this."""
    starts = {cell[:1], cell.lstrip()[:1]}
    return cell if starts.isdisjoint(FORMULA_STARTS) else f"'{cell}"
