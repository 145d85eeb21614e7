"""What MkDocs calls while it builds the site."""

from __future__ import annotations

import logging
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

from tools.docs import code, offline, reference

#: the page that shows the files which its own code writes
SHOWN = code.ROOT / "docs" / "recipes" / "insight.md"

log = logging.getLogger("mkdocs.hooks.adjoint")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages of the reference, which are written from the names that the library has, and what a page's code writes."""
    for path, text in (reference.pages() | code.written_by(SHOWN)).items():
        files.append(File.generated(config, path, content=text))
    return files


def on_post_build(config: MkDocsConfig) -> None:
    """Warn, and so fail a strict build, where a page would ask the network for something."""
    for path, url in offline.requests(Path(config.site_dir)):
        log.warning("%s would load %s from the network", path, url)
