// Under the strip: how long the film is, what the marks mean, and which keys there are.
import { icon } from "./icons.js";
import { element } from "./parts.js";

const { always, ...sometimes } = timelineKeys; // from key_list.py, put before all modules

export function addFoot(tl) {
  const line = element("div", "line-of", tl.foot), summary = element("span", "summary", line), legend = element("ul", "legend", line);
  const touch = element("span", "touch", line, "Hold a clip to move it");
  const help = element("details", "help", line), title = element("summary", "", help);
  touch.setAttribute("aria-hidden", "true");
  legend.setAttribute("aria-label", "States");
  title.append(icon("keys"), "Keys");
  const list = element("dl", "", help);
  let drawn = "";

  return (latest) => {
    const states = new Map();
    for (const clip of tl.order()) states.set(clip.status, [clip.label, (states.get(clip.status)?.[1] ?? 0) + 1]);
    const now = JSON.stringify([latest.summary, [...states], latest.can]);
    if (now === drawn) return;
    drawn = now;
    summary.textContent = latest.summary;
    legend.replaceChildren(...[...states].map(([status, [label, number]]) => {
      const item = element("li");
      item.dataset.status = status;
      const dot = element("span", "dot", item);
      dot.append(icon(status));
      item.append(`${label} ${number}`);
      return item;
    }));
    touch.hidden = !latest.can.arrange;
    const keys = always.concat(...["arrange", "remove", "rename"].map((act) => (latest.can[act] ? sometimes[act] : [])));
    list.replaceChildren(...keys.flatMap(([key, does]) => [element("dt", "", null, key), element("dd", "", null, does)]));
  };
}
