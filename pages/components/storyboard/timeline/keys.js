// Everything the strip can do, by keyboard.
import { placeOf, placesIn, put, without } from "./order.js";
import { clamp, counted } from "./parts.js";

export function addKeys(tl) {
  const { root, track } = tl;
  let grab = null; // { ids, rest, place, before }

  root.addEventListener("keydown", (event) => {
    if (event.target.closest("input")) return; // typing
    if (onCard(event) || anywhere(event)) event.preventDefault();
  });
  // Where Space picks up it is no click.
  track.addEventListener("keyup", (event) => { if (event.key === " " && tl.can.arrange && tl.idAt(event)) event.preventDefault(); });
  track.addEventListener("focusout", (event) => {
    if (grab && !tl.isPainting && !track.contains(event.relatedTarget)) putBack();
  });

  function anywhere(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return false;
    const { player, zoom } = tl;
    const acts = { k: player.toggle, p: player.toggle, "+": zoom.in, "=": zoom.in, "-": zoom.out, _: zoom.out, 0: zoom.fit };
    const act = acts[event.key.toLowerCase()];
    act?.();
    return Boolean(act);
  }

  function onCard(event) {
    const id = tl.idAt(event), { key } = event, step = { ArrowLeft: -1, ArrowRight: 1 }[key];
    if (!id || tl.hand === "drag") return false;
    const leap = { ArrowUp: -1, ArrowDown: 1 }[key], end = { Home: 0, End: 1 }[key];
    if (!tl.can.arrange && (key === " " || event.altKey)) return false;
    if (key === " ") return grab ? drop() : pickUp(id);
    if (grab) {
      if (key === "Escape") return putBack();
      if (key === "Enter") return drop();
      if (step) return carry(grab.place + step);
      if (leap) return carry(nextScene(grab.place, leap));
      return end === undefined ? true : carry(end * Infinity);
    }
    if (key === "a" && (event.ctrlKey || event.metaKey)) return did(tl.picks.all());
    if (key === "Escape" && tl.picks.count() > 1) return did(tl.picks.only(id));
    if ((key === "Delete" || key === "Backspace") && tl.can.remove) return did(tl.send("remove", tl.picks.with(id)));
    if (key === "F2" && tl.can.rename) return did(tl.rename(tl.groups.findIndex((group) => group.clips.includes(id))));
    if (step === undefined && leap === undefined && end === undefined) return false;
    if (event.altKey && (step || leap)) return moveAtOnce(id, step, leap);
    const ids = tl.ids();
    const to = ids[step ? ids.indexOf(id) + step : leap ? firstOfScene(id, leap) : end * (ids.length - 1)];
    if (!to) return true;
    if (event.shiftKey) tl.picks.reach(to);
    tl.picks.setFocus(to, event.shiftKey);
    return true;
  }

  const did = () => true;

  function pickUp(id) {
    const ids = tl.picks.with(id), rest = without(tl.groups, ids);
    if (placesIn(rest).length < 2) return true;
    grab = { id, ids, rest, place: placeOf(tl.groups, ids), before: tl.groups };
    tl.hand = "keys";
    lifted(true);
    const what = ids.length === 1 ? `Clip picked up at ${tl.where(id)}` : `${counted(ids.length, "clip")} picked up`;
    tl.say(`${what}. Arrows move, Space drops, Escape puts back.`);
    return true;
  }

  function carry(to) {
    const place = clamp(to, 0, placesIn(grab.rest).length - 1);
    if (place === grab.place) return true;
    grab.place = place;
    tl.paint(put(grab.rest, place, grab.ids), true);
    tl.cards.get(grab.id).button.scrollIntoView({ block: "nearest", inline: "nearest" });
    tl.say(tl.where(grab.ids[0]));
    return true;
  }

  // The beginning of the next scene, or of this one, or of the one before.
  function nextScene(from, leap) {
    const starts = placesIn(grab.rest).flatMap(({ place }, index) => (place === 0 ? [index] : []));
    return (leap > 0 ? starts.find((start) => start > from) : starts.filter((start) => start < from).at(-1)) ?? from;
  }

  function firstOfScene(id, leap) {
    const filled = tl.groups.filter((group) => group.clips.length), at = filled.findIndex((group) => group.clips.includes(id));
    return tl.ids().indexOf(filled[at + leap]?.clips[0] ?? id);
  }

  function drop() {
    const { ids, before } = grab, groups = tl.groups;
    letGo();
    tl.groups = before;
    tl.arrange(groups, ids);
    return true;
  }

  function putBack() {
    letGo();
    tl.settle(true);
    tl.say("Put back");
    return true;
  }

  function letGo() {
    lifted(false);
    grab = null;
    tl.hand = "";
  }

  function lifted(isUp) {
    for (const id of grab.ids) tl.cards.get(id)?.button.classList.toggle("lifted", isUp);
    tl.cards.get(grab.id)?.button.classList.toggle("held", isUp);
  }

  function moveAtOnce(id, step, leap) {
    const ids = tl.picks.with(id), rest = without(tl.groups, ids), from = placeOf(tl.groups, ids);
    grab = { rest };
    const wanted = step ? from + step : nextScene(from, leap);
    grab = null;
    const place = clamp(wanted, 0, placesIn(rest).length - 1);
    if (place !== from) tl.arrange(put(rest, place, ids), ids, true);
    tl.cards.get(id)?.button.scrollIntoView({ block: "nearest", inline: "nearest" });
    return true;
  }
}
