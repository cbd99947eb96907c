// The page's style and its one script: follow the stream, fetch the panel that changed, keep what was unfolded.
export const STYLE = `
:root{color-scheme:light dark;--bg:#f4f5f6;--panel:#fff;--line:#dcdfe3;--text:#16181b;--dim:#5c636c;--bad:#b42318;--held:#8a5a00;--good:#1b7a43;--link:#1f5fbf}
@media (prefers-color-scheme:dark){:root{--bg:#101214;--panel:#181b1e;--line:#2b3036;--text:#e8eaed;--dim:#98a1ab;--bad:#ff7b6e;--held:#e2ac4d;--good:#5cc98a;--link:#84b4ff}}
*{box-sizing:border-box}body{margin:0;background:var(--bg);color:var(--text);font:13px/1.45 system-ui,sans-serif;height:100vh;display:flex;flex-direction:column}
.top{display:flex;align-items:baseline;gap:12px;padding:10px 16px;border-bottom:1px solid var(--line);background:var(--panel)}
.top p{margin:0;color:var(--dim);flex:1}h1{font-size:15px;margin:0}
main{flex:1;min-height:0;display:grid;grid-template-columns:repeat(3,minmax(0,1fr));grid-template-rows:repeat(2,minmax(0,1fr));gap:10px;padding:10px}
section{display:flex;flex-direction:column;min-height:0;background:var(--panel);border:1px solid var(--line);border-radius:6px;overflow:hidden}
h2{font-size:13px;margin:0;padding:8px 12px;border-bottom:1px solid var(--line);display:flex;gap:8px;align-items:baseline}
.count{font-weight:400;color:var(--dim)}h2 .count:first-of-type{margin-left:auto}.count+.count::before{content:"· "}
.items{overflow:auto;flex:1}.empty{color:var(--dim);padding:12px;margin:0}
article{padding:10px 12px;border-bottom:1px solid var(--line)}article.reply{padding-left:26px;border-left:2px solid var(--line)}
article header{display:flex;flex-wrap:wrap;gap:4px 8px;align-items:baseline}article time{margin-left:auto}time{color:var(--dim);font:11px ui-monospace,monospace}
p{margin:4px 0}.lead{font-weight:600;overflow-wrap:anywhere;color:inherit;text-decoration:none;display:block}.body{white-space:pre-line;overflow-wrap:anywhere}
.clamp{display:-webkit-box;-webkit-line-clamp:4;-webkit-box-orient:vertical;overflow:hidden}
.dim{color:var(--dim)}.small{font-size:12px}.mono,code,pre{font-family:ui-monospace,monospace;font-size:12px;overflow-wrap:anywhere}pre{white-space:pre-wrap;margin:6px 0;background:var(--bg);padding:8px;border-radius:4px}
.badge{font-weight:600;white-space:nowrap}.badge i{font-style:normal}.bad{color:var(--bad)}.held{color:var(--held)}.good{color:var(--good)}.quiet{color:var(--dim)}
.chip{border:1px solid var(--line);border-radius:3px;padding:0 5px;font-size:11px;color:var(--dim)}.ping{color:var(--held);border-color:currentColor}
a{color:var(--link)}.links a{margin-right:10px}.mention{background:color-mix(in srgb,var(--link) 18%,transparent);color:var(--link);border-radius:3px;padding:0 3px}
.embed{border-left:4px solid;background:var(--bg);border-radius:4px;padding:8px 10px;margin-top:6px}
.grid{display:grid;grid-template-columns:1fr 1fr;gap:6px 12px;margin:6px 0}.grid div>b{display:block}.grid span{overflow-wrap:anywhere}
.button{display:inline-block;border:1px solid var(--line);border-radius:4px;padding:3px 10px;margin:2px 6px 2px 0;color:inherit;text-decoration:none;font-weight:600}.button.primary{background:#1b7a43;border-color:#1b7a43;color:#fff}
.thread{border-left:2px solid var(--line);padding-left:10px;margin-top:6px}.thread time{margin-right:6px}
summary{cursor:pointer;color:var(--dim);font-size:12px;margin-top:4px}.log{margin:4px 0;padding-left:0;list-style:none}dl{display:grid;grid-template-columns:auto 1fr;gap:2px 10px;margin:6px 0}dt{color:var(--dim)}dd{margin:0;overflow-wrap:anywhere}
iframe{width:100%;height:340px;border:1px solid var(--line);border-radius:4px;background:#fff}
@media (max-width:1000px){body{height:auto}main{grid-template-columns:1fr;grid-template-rows:none}section{max-height:70vh}.top{flex-wrap:wrap}}
`;

export const SCRIPT = `
const live = document.getElementById("live");
const say = (on) => { live.className = "badge " + (on ? "good" : "bad"); live.firstChild.textContent = on ? "●" : "■"; live.lastChild.textContent = on ? "Live" : "Lost, trying again"; };
async function refresh(kind) {
  const section = document.getElementById(kind);
  const answer = await fetch("/panel/" + kind).catch(() => null);
  if (!section || !answer || !answer.ok) return;
  const open = new Set([...section.querySelectorAll("details[open]")].map((d) => d.dataset.id));
  const top = section.querySelector(".items").scrollTop;
  section.innerHTML = await answer.text();
  for (const d of section.querySelectorAll("details")) d.open = open.has(d.dataset.id);
  section.querySelector(".items").scrollTop = top;
}
const kinds = [...document.querySelectorAll("main section")].map((s) => s.id);
const stream = new EventSource("/events");
stream.onopen = () => { say(true); kinds.forEach(refresh); };
stream.onerror = () => say(false);
stream.addEventListener("changed", (e) => refresh(e.data));
`;
