"""What the check of the built site finds: whatever a browser would load from elsewhere, and nothing else."""

import pytest

from tools.docs import offline


@pytest.mark.parametrize(
    "html",
    [
        '<script src="https://example.org/x.js"></script>',
        '<link rel="stylesheet" href="//example.org/x.css">',
        '<link rel="preconnect" href="https://example.org">',
        '<img src="http://example.org/x.png">',
        '<img srcset="https://example.org/x.png 2x">',
        '<iframe src="https://example.org"></iframe>',
        "<style>@import 'https://example.org/x.css';</style>",
        "<style>body { background: url(https://example.org/x.png) }</style>",
        '<p style="background: url(//example.org/x.png)">',
        '<svg><image href="https://example.org/x.png"/></svg>',
    ],
)
def test_what_asks_the_network(html):
    assert len(offline.in_page(html)) == 1


@pytest.mark.parametrize(
    "html",
    [
        '<a href="https://example.org">a link that the reader may follow</a>',
        '<script src="assets/x.js"></script>',
        '<link rel="canonical" href="https://example.org">',
        '<img src="data:image/png;base64,AAAA">',
        "<code>import https://example.org</code>",
        '<svg xmlns="http://www.w3.org/2000/svg"></svg>',
    ],
)
def test_what_does_not(html):
    assert offline.in_page(html) == []


def test_a_site_names_the_file(tmp_path):
    (tmp_path / "page").mkdir()
    (tmp_path / "page" / "x.css").write_text("a { background: url('https://example.org/x.png') }")
    (tmp_path / "index.html").write_text("<p>Nothing.</p>")
    assert list(offline.requests(tmp_path)) == [("page/x.css", "https://example.org/x.png")]
