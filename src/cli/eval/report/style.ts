/** How a report looks: light or dark as the reader's system is, on a screen and on paper. No font or image comes from elsewhere. */

export const STYLE = `
:root{color-scheme:light dark;--page:#f6f7f9;--card:#fff;--ink:#1b2330;--soft:#5b6676;--rule:#e1e5eb;--good:#0b7a4b;--good-back:#e2f5ec;--bad:#b3261e;--bad-back:#fdeae8;
--s0:#0b63c5;--s1:#d1600a;--s2:#0a8a63;--s3:#b4308e;--s4:#7a5cc9;--s5:#a07800;--s6:#0f8fae;--s7:#6b7280}
@media (prefers-color-scheme:dark){:root{--page:#0f141b;--card:#171e28;--ink:#e6ebf2;--soft:#9aa7b8;--rule:#2a3441;--good:#5fd3a0;--good-back:#12352a;--bad:#ff8f86;--bad-back:#44201e;
--s0:#6cb0ff;--s1:#ff9f5a;--s2:#4fd6a8;--s3:#f07fcf;--s4:#b39dff;--s5:#e0bd4a;--s6:#58cbe6;--s7:#aab4c2}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--ink);font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",sans-serif}
main{max-width:64rem;margin:0 auto;padding:2.5rem 1.25rem 4rem}
h1{font-size:1.9rem;line-height:1.2;margin:0 0 .75rem;text-wrap:balance}
h2{font-size:1.15rem;margin:0 0 .9rem}
section,figure{background:var(--card);border:1px solid var(--rule);border-radius:.75rem;margin:1.25rem 0;padding:1.25rem 1.4rem}
.badge{display:inline-block;border-radius:1rem;padding:.15rem .8rem;font-weight:600}
.yes{color:var(--good)}.no{color:var(--bad)}
.badge.yes{background:var(--good-back)}.badge.no{background:var(--bad-back)}.badge.none{border:1px solid var(--rule);color:var(--soft)}
code,pre{font:.88rem/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
pre{background:var(--card);border:1px solid var(--rule);border-radius:.5rem;padding:.6rem .9rem;white-space:pre-wrap;overflow-wrap:anywhere}
.meta{color:var(--soft);font-size:.9rem;overflow-wrap:anywhere}
ul.notes{margin:0;padding-left:1.2rem}ul.notes li{margin:.3rem 0;overflow-wrap:anywhere}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-size:.9rem}
th,td{padding:.38rem .7rem;border-bottom:1px solid var(--rule);text-align:left;vertical-align:top}
th{color:var(--soft);font-weight:600}
tbody tr:last-child td{border-bottom:0}
.number{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
figcaption{font-weight:600;font-size:1.15rem;margin-bottom:.6rem}
figure{overflow-x:auto}figure svg{display:block;width:100%;min-width:36rem;height:auto}
.legend{list-style:none;display:flex;flex-wrap:wrap;gap:.25rem 1.1rem;margin:.6rem 0 0;padding:0;font-size:.9rem}
.legend li{display:flex;align-items:center;gap:.4rem}
figure svg.swatch{width:26px;min-width:0;height:12px;flex:none}
details{margin-top:.8rem;font-size:.9rem}summary{cursor:pointer;color:var(--soft)}
.s0{--c:var(--s0)}.s1{--c:var(--s1)}.s2{--c:var(--s2)}.s3{--c:var(--s3)}.s4{--c:var(--s4)}.s5{--c:var(--s5)}.s6{--c:var(--s6)}.s7{--c:var(--s7)}
.line{fill:none;stroke:var(--c);stroke-width:2.2;stroke-linejoin:round}.dashed .line{stroke-dasharray:6 4}
.band{fill:var(--c);opacity:.16}.error{stroke:var(--c);stroke-width:1.6;opacity:.7}
.mark{fill:var(--c);stroke:var(--card);stroke-width:1}
.grid{stroke:var(--rule);stroke-width:1}.axis{stroke:var(--soft);stroke-width:1}
.tick{fill:var(--soft);font-size:12px}.label{fill:var(--soft);font-size:13px}.empty{fill:var(--soft);font-size:15px}
@media print{body{background:#fff}section,figure{break-inside:avoid}}
`
