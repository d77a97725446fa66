"""The style and the script of a page: all that it needs is in it, and nothing is fetched."""

STYLE = """
:root{color-scheme:light dark;--bg:#fff;--fg:#1b1f24;--dim:#5b6470;--line:#d5dae1;--card:#f6f8fa;--add:#116329;
--change:#8a5a00;--gone:#b3261e;--other:#0550ae;--mark:#fff3c4}
@media (prefers-color-scheme:dark){:root{--bg:#0f141a;--fg:#e6eaf0;--dim:#98a2b0;--line:#2b333d;--card:#161c24;
--add:#56d364;--change:#e3b341;--gone:#ff7b72;--other:#79c0ff;--mark:#3d3200}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:75rem;padding:1.25rem;background:var(--bg);color:var(--fg);
font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
h1{font-size:1.5rem;margin:0 0 .25rem}h2{font-size:1.15rem;margin:2rem 0 .25rem}h3{font-size:1rem;margin:1.5rem 0 .5rem}
p{margin:.25rem 0}.dim{color:var(--dim)}code,.mono{font:13px/1.45 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;
overflow-wrap:anywhere}
a{color:var(--other)}
.chips{display:flex;flex-wrap:wrap;gap:.4rem;margin:.6rem 0}
.chip{border:1px solid var(--line);border-radius:1rem;padding:.1rem .7rem;font-size:.85rem;white-space:nowrap}
.chip b{font-variant-numeric:tabular-nums}
.tools{display:flex;flex-wrap:wrap;gap:.6rem;align-items:center;position:sticky;top:0;background:var(--bg);
padding:.6rem 0;border-bottom:1px solid var(--line);z-index:1}
.tools input[type=search]{flex:1 1 14rem;padding:.4rem .6rem;border:1px solid var(--line);border-radius:.4rem;
background:var(--card);color:inherit;font:inherit}
.tools label{font-size:.85rem;display:flex;gap:.25rem;align-items:center}
details{border:1px solid var(--line);border-radius:.5rem;margin:.5rem 0;background:var(--card)}
summary{cursor:pointer;padding:.5rem .75rem;overflow-wrap:anywhere}summary:focus-visible{outline:2px solid var(--other)}
details>div{padding:0 .75rem .75rem;overflow-x:auto}
.sign{display:inline-block;min-width:2.2em;font-weight:700;font-family:ui-monospace,monospace}
.add{color:var(--add)}.change{color:var(--change)}.gone{color:var(--gone)}.other{color:var(--other)}
.refused{border-left:3px solid var(--gone);padding:.2rem .6rem;margin:.4rem 0;background:var(--mark)}
table{border-collapse:collapse;width:100%;font-size:.9rem}th,td{text-align:left;vertical-align:top;
padding:.3rem .5rem;border-top:1px solid var(--line)}th{font-weight:600;color:var(--dim);border-top:0}
td pre{margin:0;white-space:pre-wrap;overflow-wrap:anywhere;font:13px/1.45 ui-monospace,monospace}
.drawing{overflow-x:auto}svg{display:block}svg text{font:12px ui-monospace,monospace;fill:var(--fg)}
svg text.of{fill:var(--dim);font-size:11px}
svg rect{fill:var(--card);stroke:var(--line)}svg path{fill:none;stroke:var(--dim);stroke-width:1.2}
.empty{padding:2rem;text-align:center;color:var(--dim)}
@media (max-width:40rem){body{padding:.75rem}table.members thead{display:none}table.members tr{display:block;
border-top:1px solid var(--line);padding:.3rem 0}table.members td{display:block;border:0;padding:.1rem 0}}
@media print{.tools{display:none}details{break-inside:avoid}}
"""
SCRIPT = """
const find=document.getElementById('find'),boxes=[...document.querySelectorAll('.tools input[type=checkbox]')];
function show(){const words=find.value.toLowerCase().split(/\\s+/).filter(Boolean);
const off=new Set(boxes.filter(b=>!b.checked).map(b=>b.value));
for(const one of document.querySelectorAll('[data-kind]')){const text=one.textContent.toLowerCase();
one.hidden=off.has(one.dataset.kind)||!words.every(w=>text.includes(w));}}
find.addEventListener('input',show);boxes.forEach(b=>b.addEventListener('change',show));
document.querySelector('.tools').hidden=false;
"""
