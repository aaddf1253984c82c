"""The style sheet of a report's page: a phone first, wider screens and paper after; light and dark.

Colour never says anything alone: each coloured mark has its symbol and its words.
"""

from __future__ import annotations

STYLE = """
:root{color-scheme:light dark;--paper:#fff;--soft:#f3f5f7;--ink:#16191d;--faint:#545d66;--line:#d3d9df;
--passed:#176b31;--failed:#b3201a;--open:#855200;--none:#47586a;--warned:#855200;--note:#47586a}
@media (prefers-color-scheme:dark){:root{--paper:#14171a;--soft:#1f2429;--ink:#e9ecef;--faint:#a6b0ba;
--line:#3a434c;--passed:#6fd08a;--failed:#ff8f86;--open:#f0b65a;--none:#a9b8c7;--warned:#f0b65a;--note:#a9b8c7}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0 auto;max-width:56rem;padding:.75rem;background:var(--paper);color:var(--ink);
font:1rem/1.5 system-ui,"Segoe UI",Roboto,"Noto Sans","Liberation Sans",Arial,sans-serif;
overflow-wrap:anywhere}
.title{margin:0 0 .5rem;color:var(--faint);font-size:.9rem}
h1,h2,h3,h4,h5,h6{margin:1rem 0 .4rem;line-height:1.3;font-size:1.05rem}
p{margin:.3rem 0}
article{margin:0 0 1.5rem}
section{margin:1rem 0;padding:.1rem .8rem .8rem;border:1px solid var(--line);
border-left:.35rem solid var(--line);
border-radius:.4rem;overflow:hidden}
section.passed{border-left-color:var(--passed)}section.failed{border-left-color:var(--failed)}
section.open{border-left-color:var(--open)}
.verdict{display:flex;gap:.8rem;align-items:flex-start;padding:.9rem;border-radius:.5rem;color:#fff;
background:#47586a;overflow:hidden}
.verdict>div{min-width:0}
.verdict.passed{background:#176b31}.verdict.failed{background:#b3201a}.verdict.open{background:#855200}
.verdict h1,.verdict h2,.verdict h3,.verdict h4,.verdict h5{margin:0;font-size:1.5rem;letter-spacing:.02em}
.verdict .icon{flex:none;width:2.6rem;height:2.6rem}
.verdict .name{font-weight:600}
.verdict .todo{font-size:1.1rem}
.verdict.but{border-bottom:.5rem solid #f0b65a}
.verdict .todo .icon{width:1.1em;height:1.1em;margin-right:.4rem;color:#ffd27a}
.verdict .words{font-size:.8rem}
.inside .verdict h1,.inside .verdict h2,.inside .verdict h3,.inside .verdict h4{font-size:1.15rem}
.inside .verdict{padding:.6rem .9rem}.inside .verdict .icon{width:1.8rem;height:1.8rem}
.icon{width:1.1em;height:1.1em;vertical-align:-.15em;fill:none;stroke:currentColor;stroke-width:3;
stroke-linecap:round;stroke-linejoin:round}
.badge{font-weight:700;white-space:nowrap}
.badge.passed,.passed>.icon{color:var(--passed)}.badge.failed,.failed>.icon{color:var(--failed)}
.badge.open,.open>.icon{color:var(--open)}.badge.none,.none>.icon{color:var(--none)}
.badge>.icon,.verdict>.icon{color:inherit}
.warned>.icon{color:var(--warned)}.note>.icon{color:var(--note)}
.who{font-size:1.15rem;font-weight:600}
table{width:100%;border-collapse:collapse;margin:.5rem 0}
th,td{display:block;text-align:left;vertical-align:top;padding:0}
th{font-weight:400;color:var(--faint);font-size:.9rem}
tr{display:block;padding:.35rem 0;border-top:1px solid var(--line)}
ul.plain{list-style:none;margin:.4rem 0;padding:0}
ul.plain li{margin:.3rem 0;padding-left:1.6rem;text-indent:-1.6rem}
ul.plain li .badge,ul.plain li a{text-indent:0}
a{color:inherit}
.stamp{margin:.5rem 0}
details{margin:.6rem 0 0}
summary{cursor:pointer;padding:.4rem 0;color:var(--faint)}
summary:focus-visible,a:focus-visible{outline:2px solid currentColor;outline-offset:2px}
details thead{display:none}
small{color:var(--faint)}
code{font-size:.85rem}
footer{margin:1rem 0 0;padding:.2rem .8rem;background:var(--soft);border-radius:.4rem;font-size:.9rem}
footer tr:first-child{border-top:0}
.digest{font-family:ui-monospace,Consolas,"Liberation Mono",monospace;font-size:.8rem}
@media (min-width:40rem){
body{padding:1.5rem}
.verdict h1{font-size:1.8rem}
tr{display:table-row;border:0}
th,td{display:table-cell;padding:.3rem .8rem .3rem 0;border-top:1px solid var(--line)}
th[scope=row]{width:16rem}
details thead{display:table-header-group}
details td:first-child{width:17rem}details td:last-child{width:11rem}
}
@page{size:A4;margin:16mm 15mm}
@media print{
section{overflow:visible}
:root{color-scheme:light;--paper:#fff;--soft:#f3f5f7;--ink:#000;--faint:#444;--line:#bbb;
--passed:#176b31;--failed:#b3201a;--open:#855200;--none:#47586a;--warned:#855200;--note:#47586a}
body{max-width:none;padding:0;font-size:10.5pt}
.verdict{border:2pt solid #000;-webkit-print-color-adjust:exact;print-color-adjust:exact}
h1,h2,h3,h4,h5,h6,.who,.verdict{break-after:avoid}
.verdict,tr,li,footer{break-inside:avoid}
details:not([open]){display:none}
}
"""
