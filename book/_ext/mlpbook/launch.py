"""The buttons that open a chapter as a notebook: in the browser, on Binder, on Colab."""

import os
from urllib.parse import quote

from sphinx.errors import ExtensionError

HOST = "https://github.com/"


def find_launchers(repository):
    """Return name -> beginning of the address, for the services that open notebooks from GitHub.

    Raises
    ------
    ExtensionError
        If `repository` is not the address of a repository on GitHub.
    """
    if not repository:
        return {}
    name = repository.removeprefix(HOST).strip("/")
    if not repository.startswith(HOST) or name.count("/") != 1:
        raise ExtensionError(f"launch_repository is {repository!r}, not {HOST}NAME/REPOSITORY")
    return {
        "Binder": f"https://mybinder.org/v2/gh/{name}/main?urlpath=lab/tree/",
        "Colab": f"https://colab.research.google.com/github/{name}/blob/colab/",
    }


def add_buttons(app, pagename, templatename, context, doctree):
    """Give a chapter's template the addresses of what opens it."""
    if context.get("page_source_suffix") != ".ipynb":
        return
    notebook = quote(f"{pagename}.ipynb")
    launchers = find_launchers(app.config.launch_repository)
    context["launchers"] = {name: start + notebook for name, start in launchers.items()}
    if os.environ.get("MLP_LITE"):  # `make lite` builds what the button leads to
        context["in_browser"] = context["pathto"](f"lite/notebooks/index.html?path={notebook}", 1)


def setup(app):
    """Connect the step."""
    app.add_config_value("launch_repository", "", "html", [str])
    app.connect("html-page-context", add_buttons)
    if os.environ.get("MLP_LITE"):
        app.tags.add("lite")
