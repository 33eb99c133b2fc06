"""petitions → campaigns → the ground of campaign_site; its roof imports both, and none imports it."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
# Modules of campaign_site that may import both apps. Everything else there is ground.
ROOF = {
    "campaign_site.urls",
    "campaign_site.case_list_pages",
    "campaign_site.case_list_pdf",
    "campaign_site.feeds",
    "campaign_site.pages",
    "campaign_site.previews",
    "campaign_site.wsgi",
    "campaign_site.demonstration",
    "campaign_site.management",
}


def modules():
    for app in ("campaign_site", "campaigns", "petitions"):
        for path in sorted((ROOT / app).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts), path


def is_roof(module):
    return any(module == roof or module.startswith(roof + ".") for roof in ROOF)


def imported(path):
    """Every absolute name that a file imports, at the top or inside a function."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"relative import in {path.name}"
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def forbidden(module, name):
    app, other = module.split(".")[0], name.split(".")[0]
    if is_roof(module):
        return False
    if is_roof(name):
        return True
    return (app == "campaign_site" and other in ("campaigns", "petitions")) or (
        app == "campaigns" and other == "petitions"
    )


@pytest.mark.parametrize(("module", "path"), list(modules()), ids=lambda value: str(value)[-60:])
def test_imports_run_one_way(module, path):
    wrong = sorted({name for name in imported(path) if forbidden(module, name)})
    assert not wrong, f"{module} imports {wrong}"


def test_the_walk_sees_what_it_looks_for():
    names = dict(modules())
    assert "petitions.signing" in names
    assert "campaigns.models.campaign" in set(imported(names["campaigns.models"]))
    assert forbidden("campaigns.views", "petitions.models")
    assert forbidden("petitions.views", "campaign_site.pages")
    assert not forbidden("petitions.views", "campaigns.models")
