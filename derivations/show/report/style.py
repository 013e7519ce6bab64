"""The style sheet of the HTML report, and the mathematics font that is part of the page.

Law: nothing is loaded. The font is a subset, made here of a font with an open licence that this machine has; where it
has none, the browser's own list is used.
"""

from __future__ import annotations

import base64
import io
import logging
from functools import lru_cache
from pathlib import Path

FONTS = (
    "/usr/share/fonts/opentype/stix/STIXTwoMath-Regular.otf",
    "/usr/share/texmf/fonts/opentype/public/lm-math/latinmodern-math.otf",
    "/usr/share/fonts/opentype/lmodern/latinmodern-math.otf",
    "/usr/share/texmf/fonts/opentype/public/tex-gyre-math/texgyretermes-math.otf",
    "/usr/share/fonts/truetype/dejavu/DejaVuMathTeXGyre.ttf",
    "/Library/Fonts/STIXTwoMath.otf",
)  # fonts with a MATH table, by the places where systems and TeX put them

STYLE = """
:root{--paper:#fff;--ink:#1d1d1f;--soft:#55585e;--line:#d4d7dc;--shade:#f4f5f7;--link:#1f5c99;
--proved:#1b6e3c;--region:#1f5c99;--wrong:#a32638;--open:#5c5c5c;--undecided:#8a6100}
@media(prefers-color-scheme:dark){:root{--paper:#16181c;--ink:#e4e6ea;--soft:#a5abb5;--line:#3a3f48;--shade:#22262c;
--link:#7fb4e8;--proved:#6cc78f;--region:#7fb4e8;--wrong:#f08a98;--open:#b0b4bb;--undecided:#e0b458}}
*{box-sizing:border-box}
html{scroll-padding-top:1rem;-webkit-text-size-adjust:100%}
body{margin:0 auto;max-width:50rem;padding:1.2rem 1rem 4rem;background:var(--paper);color:var(--ink);
font:1.02rem/1.55 "STIX Two Text","Libertinus Serif",Georgia,"Noto Serif",serif;overflow-wrap:anywhere}
h1{font-size:1.75rem;line-height:1.2;margin:.4rem 0}h2{font-size:1.4rem;margin:2.6rem 0 .6rem;
border-bottom:1px solid var(--line)}h3{font-size:1.2rem;margin:1.8rem 0 .4rem}
h4,h5,h6{font-size:1rem;margin:1.2rem 0 .3rem}
menclose{border:1px solid;padding:.15em .3em}a{color:var(--link);text-underline-offset:.15em}p{margin:.55rem 0}
math{font-family:"gradproof math","STIX Two Math","Latin Modern Math","Cambria Math",math}
.differs{border-bottom:.12em solid var(--region);padding-bottom:.1em}li{margin:.2rem 0}
.display,.equations,.wide,pre{display:block;overflow-x:auto;max-width:100%;overflow-wrap:normal}
.long{display:inline-block;max-width:100%;overflow-x:auto;overflow-y:hidden;vertical-align:middle}
.display{position:relative;margin:.6rem 0;padding:.1rem 0;text-align:center}.number{float:right}
pre{background:var(--shade);padding:.6rem .8rem;border-radius:4px;font-size:.85rem;line-height:1.4}
code{font-family:ui-monospace,"DejaVu Sans Mono",Menlo,Consolas,monospace;font-size:.88em}
blockquote{margin:.8rem 0;padding-left:1rem;border-left:3px solid var(--line);color:var(--soft)}
table{border-collapse:collapse;font-size:.8rem;margin:.6rem 0}th,td{padding:.2rem .35rem;
border-bottom:1px solid var(--line);vertical-align:top}th{text-align:left}
.right{text-align:right}.center{text-align:center}
img,svg{max-width:100%;height:auto}figure{margin:.9rem 0}
.figures{display:flex;flex-wrap:wrap;gap:0 2rem;align-items:flex-start}.figures>figure{flex:1 1 14rem;min-width:0}
figcaption{font-size:.85rem;color:var(--soft)}
.given{border-left:3px solid var(--line);padding:.05rem 0 .05rem .9rem;margin:1rem 0;color:var(--soft)}
.claim{border:1px solid var(--line);border-left:5px solid var(--open);border-radius:4px;padding:.45rem .9rem .6rem;
margin:1.1rem 0;background:var(--paper)}
.is-proved{border-left-color:var(--proved)}.is-region{border-left-color:var(--region)}
.is-wrong{border-left-color:var(--wrong)}.is-open{border-left-color:var(--undecided)}
.claim>.head{display:flex;flex-wrap:wrap;gap:.2rem 1rem;justify-content:space-between;align-items:baseline}
.claim>.head>:first-child{margin:0;min-width:0;font-size:1rem}
.badge{font-size:.9rem;font-weight:600}.v-proved{color:var(--proved)}.v-region{color:var(--region)}
.v-wrong{color:var(--wrong)}.v-open{color:var(--undecided)}
.permalink{text-decoration:none;color:var(--soft);font-weight:400;padding:0 .2rem}
.equations{margin:.5rem 0;display:grid;grid-template-columns:auto minmax(max-content,1fr) auto;column-gap:.5rem;
row-gap:.25rem;align-items:baseline}
.row{display:contents}.row>.left{grid-column:1;text-align:right}.row>.left.alone{grid-column:1/-1;
text-align:left}.row>.right{grid-column:2;text-align:left;padding:.1rem 0}
.row>.rule{grid-column:3;font-size:.82rem;color:var(--soft);max-width:14rem;text-align:right}
details{margin:.5rem 0}summary{cursor:pointer;color:var(--link)}
nav{background:var(--shade);border-radius:4px;padding:.2rem .9rem;margin:1rem 0;font-size:.95rem}
nav ul ul{display:flex;flex-wrap:wrap;gap:.15rem 1.1rem}nav .part{flex-basis:100%}
nav ul{margin:.2rem 0;padding-left:1.1rem;list-style:none}nav>details>ul{padding-left:.2rem}nav .part{margin-top:.3rem;
font-weight:600}
.filter{border:1px solid var(--line);border-radius:4px;padding:.3rem .8rem;margin:1rem 0;font-size:.9rem}
.filter label{margin:0 .9rem 0 .25rem;white-space:nowrap}
main:has(#show-proved:checked) .claim:not(.is-proved),main:has(#show-region:checked) .claim:not(.is-region),
main:has(#show-wrong:checked) .claim:not(.is-wrong),main:has(#show-open:checked) .claim:not(.is-open){display:none}
.skip{position:absolute;left:-99rem}.skip:focus{left:1rem;background:var(--paper);padding:.3rem}
.notes{border-top:1px solid var(--line);margin-top:1.5rem;font-size:.9rem}
.references{list-style:none;padding:0}.references li{padding-left:1.6em;text-indent:-1.6em;overflow-wrap:anywhere}
:target{outline:2px solid var(--link);outline-offset:3px}
svg text{fill:var(--ink);font-family:ui-sans-serif,system-ui,sans-serif}svg rect{stroke:var(--line);stroke-width:.7}
.c-positive,.c-read{fill:var(--region)}.c-negative,.c-false{fill:var(--wrong)}.c-true{fill:var(--proved)}
.c-read,.c-true,.c-false{fill-opacity:.55}.c-plain{fill:var(--paper)}.c-outside{fill:var(--line)}
.c-tail{fill:var(--shade)}rect.c-mark{fill:none;stroke:var(--ink);stroke-width:2.2}
.g-edge{stroke:var(--soft);fill:none;stroke-width:.8;stroke-opacity:.55}.g-node{fill:var(--shade);stroke-width:1.6}
.g-proved{stroke:var(--proved)}.g-region{stroke:var(--region)}
.g-wrong{stroke:var(--wrong)}.g-open{stroke:var(--undecided)}
.g-given{stroke:var(--soft)}.g-rule{stroke:var(--soft);stroke-dasharray:3 2}
@media(max-width:34rem){.equations{grid-template-columns:auto 1fr}
.row>.rule{grid-column:1/-1;max-width:calc(100vw - 4rem);text-align:left}h1{font-size:1.45rem}
.claim{padding:.4rem .6rem}}
@media print{body{max-width:none;font-size:10.5pt}
.filter,.permalink,.skip,nav{display:none}.claim{break-inside:avoid-page}
details>*{display:block}a{color:inherit;text-decoration:none}}
"""


def font_rules(page: str) -> str:
    """The rule that embeds a mathematics font with the letters of a page; empty where this machine has none."""
    letters = "".join(sorted({letter for letter in page if ord(letter) < 0x20000}))
    data = subset(letters)
    if not data:
        return ""
    return (
        '@font-face{font-family:"gradproof math";'
        f'src:url(data:font/woff;base64,{base64.b64encode(data).decode("ascii")}) format("woff")}}'
    )


@lru_cache(maxsize=4)
def subset(letters: str) -> bytes:
    """A font with a MATH table and these letters, as WOFF."""
    source = next((path for path in map(Path, FONTS) if path.is_file()), None)
    try:
        from fontTools import subset as tools
        from fontTools.ttLib import TTLibError
    except ImportError:
        return b""
    if source is None:
        return b""
    options = tools.Options(flavor="woff", layout_features=["ssty", "math"], notdef_outline=True, drop_tables=["DSIG"])
    try:
        logging.getLogger("fontTools.subset").setLevel(logging.ERROR)
        font = tools.load_font(str(source), options)
        chooser = tools.Subsetter(options)
        chooser.populate(text=letters + _mathematical())
        chooser.subset(font)
        buffer = io.BytesIO()
        tools.save_font(font, buffer, options)
    except (TTLibError, OSError, ValueError, KeyError):
        return b""
    return buffer.getvalue()


def _mathematical() -> str:
    """The slanted and other letters into which a browser turns those of a formula."""
    slanted = [chr(0x1D434 + at) for at in range(52)] + [chr(0x1D6E2 + at) for at in range(58)] + ["ℎ", "ı", "ȷ"]
    return "".join([*slanted, "0123456789+-−=()[]{}|‖⟨⟩⌊⌋⌈⌉√∑∏∫∂∇·×∗⋆∘⊗⊙⊛⟶̂̃̄̇"])
