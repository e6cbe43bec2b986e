// Which clips are chosen and which one has the focus.
import { counted } from "./parts.js";

const KEPT_MS = 4000;

export function addPicks(tl) {
  let picked = new Set(), anchor = "", focus = "", sent = null;

  const inOrder = (ids) => tl.ids().filter((id) => ids.has(id));

  // What Python says is chosen, unless it has not heard yet of the last choice.
  function receive(selected, ids) {
    const isHeard = !sent || Date.now() > sent.until || selected.join() === sent.told;
    if (isHeard) { picked = new Set(selected); sent = null; }
    picked = new Set([...picked].filter((id) => ids.includes(id)));
    if (!ids.includes(focus)) focus = anchor = [...picked][0] ?? ids[0] ?? "";
  }

  function choose(ids) {
    picked = new Set(ids);
    const chosen = inOrder(picked);
    sent = { told: chosen.join(), until: Date.now() + KEPT_MS };
    show();
    tl.send("select", chosen);
    if (chosen.length > 1) tl.say(`${counted(chosen.length, "clip")} chosen`);
  }

  function show() {
    for (const [id, card] of tl.cards) {
      const isPicked = picked.has(id);
      if ((card.button.getAttribute("aria-pressed") === "true") !== isPicked) {
        card.button.setAttribute("aria-pressed", String(isPicked));
        card.drawn = "";
      }
    }
  }

  function toggle(id) {
    const next = new Set(picked);
    if (!next.delete(id)) next.add(id);
    anchor = id;
    if (next.size) choose(next);
  }

  function reach(id) {
    const ids = tl.ids(), [from, to] = [Math.max(0, ids.indexOf(anchor)), ids.indexOf(id)];
    choose(ids.slice(Math.min(from, to), Math.max(from, to) + 1));
  }

  function only(id) {
    anchor = id;
    choose([id]);
  }

  // `isReaching`: a range of clips is being chosen, which goes on from where it began.
  function setFocus(id, isReaching) {
    if (!isReaching) anchor = id;
    tl.cards.get(id)?.button.focus();
  }

  tl.track.addEventListener("focusin", (event) => {
    const id = tl.idAt(event);
    if (!id || id === focus) return;
    if (tl.cards.has(focus)) tl.cards.get(focus).button.tabIndex = -1;
    focus = id;
    tl.cards.get(id).button.tabIndex = 0;
  });
  tl.track.addEventListener("click", (event) => {
    const id = tl.idAt(event);
    if (!id || tl.hand || tl.isQuiet) return;
    if (event.shiftKey) reach(id);
    else if (event.ctrlKey || event.metaKey) toggle(id);
    else only(id);
  });

  return {
    receive, choose, only, reach, setFocus, has: (id) => picked.has(id), focusable: () => focus, all: () => choose(tl.ids()),
    count: () => picked.size,
    // What a hand takes up: all chosen clips in their order, or this one where it is not chosen.
    with: (id) => (picked.has(id) ? inOrder(picked) : [id]),
  };
}
