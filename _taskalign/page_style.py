"""Style sheet of the report's page."""

STYLE = """
:root { color-scheme: light dark; --ink: #1d1d1f; --soft: #5d6066; --line: #d9dbe0; --paper: #fff; --wash: #f5f6f8;
  --good: #00785a; --bad: #b3441e; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8e8ea; --soft: #a4a7ae; --line: #3b3e45; --paper: #17181b;
  --wash: #212328; --good: #4fc3a1; --bad: #f0936b; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 17px/1.55 Charter, "Bitstream Charter",
  "Source Serif 4", Georgia, "Times New Roman", serif; }
main { max-width: 62rem; margin: 0 auto; padding: 2.5rem 1.5rem 4rem; }
h1 { font-size: 1.9rem; line-height: 1.2; margin: 0 0 .6rem; font-weight: 600; }
h2 { font-size: 1.35rem; margin: 3rem 0 .8rem; padding-bottom: .3rem; border-bottom: 1px solid var(--line);
  font-weight: 600; }
h3 { font-size: 1.08rem; margin: 2.2rem 0 .4rem; font-weight: 600; }
p { margin: .5rem 0; max-width: 46rem; }
code { font: .84em ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; overflow-wrap: anywhere; }
.value { font-variant-numeric: tabular-nums lining-nums; white-space: nowrap; }
.parameters { list-style: none; display: flex; flex-wrap: wrap; gap: .2rem 1.5rem; padding: 0; margin: .6rem 0 0; }
.result { margin-top: 1.4rem; padding: 1rem 1.4rem; background: var(--wash); border-radius: .5rem; }
.result .big { font-size: 2rem; margin: 0 0 .3rem; line-height: 1.3; }
.result .equals { margin: 0 .35em; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; }
th { text-align: left; font-weight: 600; font-size: .85rem; color: var(--soft); }
th, td { padding: .38rem 1.2rem .38rem 0; border-bottom: 1px solid var(--line); vertical-align: baseline; }
th:last-child, td:last-child { padding-right: 0; }
.numbers th:first-child { width: 8rem; }
.numbers th:last-child, .numbers td:last-child, .choices th:not(:first-child), .choices td:not(:first-child) {
  text-align: right; }
.origin { font-size: .88rem; }
.where { color: var(--soft); font-size: .92em; }
.pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 25rem), 1fr)); gap: 1.5rem; }
figure { margin: 1.4rem auto 0; max-width: 40rem; width: 100%; break-inside: avoid; }
figure img { display: block; width: 100%; background: #fff; border-radius: .4rem; }
figcaption { color: var(--soft); font-size: .9rem; line-height: 1.45; margin-top: .5rem; }
.verdict { border-left: 4px solid var(--good); padding: .1rem 0 .1rem 1.1rem; margin-bottom: 1.2rem; }
.verdict.fails { border-color: var(--bad); }
.verdict p:first-child { font-weight: 600; }
.equation { display: grid; grid-template-columns: 1fr auto; gap: 0 1rem; padding: .7rem 0; break-inside: avoid;
  border-bottom: 1px solid var(--line); }
.equation p { margin: 0; font-size: .88rem; }
.equation .source { color: var(--soft); grid-row: 1; grid-column: 2; text-align: right; }
.equation .scroll, .equation .condition { grid-column: 1 / -1; min-width: 0; }
.equation .scroll { padding: .35rem 0; overflow-y: hidden; }
.equation .condition { color: var(--soft); text-align: center; max-width: none; }
.sources { display: grid; grid-template-columns: max-content 1fr; gap: .4rem 1.2rem; font-size: .92rem; }
.sources dt { font-weight: 600; } .sources dd { margin: 0; max-width: 42rem; }
math { font-size: 1.06em; }
math[display="block"] { margin: .2rem 0; }
math[display="block"] mtable { math-style: normal; }
mtd { text-align: left; padding: .25em .4em; }
@media (max-width: 40rem) { body { font-size: 16px; } main { padding: 1.5rem 1rem 3rem; } h1 { font-size: 1.5rem; }
  .result { padding: .8rem 1rem; } .result .big { font-size: 1.6rem; } .numbers th:first-child { width: auto; }
  th, td { padding-right: .8rem; } }
@media print { body { font-size: 10.5pt; } main { max-width: none; padding: 0; }
  .result { border: 1px solid var(--line); }
  h2 { break-after: avoid; } }
"""
