// Clips moved by mouse, pen or finger. Everything is measured when they are taken up; while they move, a frame only
// sets two transforms, and the strip scrolls when the hand comes near its edge.
import { idsOf, placeOf, placesIn, put, without } from "./order.js";
import { clamp, counted, element } from "./parts.js";

const HOLD_MS = 300, SLACK_PX = 6, EDGE_PX = 56, FASTEST_PX = 1.1; // px a millisecond at the very edge

export function addDrag(tl) {
  const { root, track, mark } = tl;
  let drag = null;

  track.addEventListener("pointerdown", (event) => {
    const id = tl.idAt(event);
    if (!tl.can.arrange || !id || event.button !== 0 || !event.isPrimary || drag || tl.hand) return;
    if (placesIn(without(tl.groups, [id])).length < 2) return;
    drag = { id, pointer: event.pointerId, isTouch: event.pointerType === "touch", x: event.clientX, y: event.clientY };
    drag.from = { x: drag.x, y: drag.y };
    if (drag.isTouch) drag.timer = setTimeout(lift, HOLD_MS);
    for (const [name, act] of listeners) window.addEventListener(name, act, true);
  });
  // Once it has begun the finger moves clips, not the page; before, the strip scrolls as ever.
  track.addEventListener("touchmove", (event) => {
    if (drag?.isMoving) event.preventDefault();
    else if (event.touches.length > 1) end(false); // two fingers zoom
  }, { passive: false });
  track.addEventListener("contextmenu", (event) => { if (drag) event.preventDefault(); });

  function move(event) {
    if (event.pointerId !== drag.pointer) return;
    drag.x = event.clientX;
    drag.y = event.clientY;
    if (drag.isMoving || Math.hypot(drag.x - drag.from.x, drag.y - drag.from.y) <= SLACK_PX) return;
    if (drag.isTouch) end(false);
    else lift();
  }

  function lift() {
    const ids = tl.picks.with(drag.id), box = track.getBoundingClientRect(), outer = root.getBoundingClientRect();
    const card = tl.cards.get(drag.id).button, at = card.getBoundingClientRect();
    const rest = without(tl.groups, ids);
    Object.assign(drag, {
      isMoving: true, ids, rest, box,
      origin: { x: outer.left, y: outer.top }, grip: { x: drag.from.x - at.left, y: drag.from.y - at.top },
      gaps: gapsOf(rest, box), home: placeOf(tl.groups, ids), place: -1,
      scroll: track.scrollLeft, furthest: track.scrollWidth - track.clientWidth, time: performance.now(),
    });
    if (!drag.isTouch) track.setPointerCapture(drag.pointer);
    tl.hand = "drag";
    drag.ghost = ghostOf(card, at.width, ids.length);
    root.append(drag.ghost);
    root.classList.add("dragging");
    for (const id of ids) tl.cards.get(id).button.classList.add("lifted");
    if (drag.isTouch) navigator.vibrate?.(12);
    tl.say(`${ids.length === 1 ? "Clip" : counted(ids.length, "clip")} picked up at ${tl.where(drag.id)}`);
    drag.frame = requestAnimationFrame(step);
  }

  function ghostOf(card, width, count) {
    const ghost = element("div", "place ghost"), copy = ghost.appendChild(card.cloneNode(true));
    copy.removeAttribute("data-id");
    copy.tabIndex = -1;
    ghost.setAttribute("aria-hidden", "true");
    ghost.style.width = `${width}px`;
    if (count > 1) ghost.dataset.count = count;
    return ghost;
  }

  // For every place: where it begins and ends inside the track. A hand in between is at that place.
  function gapsOf(rest, box) {
    const boxes = tl.boxes();
    return rest.flatMap((group, at) => {
      const scene = tl.scenes[at].root, cards = group.clips.map((id) => boxes.get(id));
      const left = scene.offsetLeft, right = left + scene.offsetWidth;
      return Array.from({ length: cards.length + 1 }, (_, place) => {
        const before = cards[place - 1], after = cards[place];
        return { from: before ? before.left + before.width : left - 3, to: after ? after.left : right + 3, scene,
          isFirst: !before, isAlone: !cards.length };
      });
    });
  }

  function step(time) {
    if (!drag?.isMoving) return;
    const { box, ghost } = drag, passed = Math.min(50, time - drag.time);
    drag.time = time;
    const pull = (near) => clamp((EDGE_PX - near) / EDGE_PX, 0, 1) * FASTEST_PX * Math.max(0, passed);
    const scroll = clamp(drag.scroll + pull(box.right - drag.x) - pull(drag.x - box.left), 0, Math.max(0, drag.furthest));
    if (scroll !== drag.scroll) track.scrollLeft = drag.scroll = scroll;
    const [left, top] = [drag.x - drag.grip.x - drag.origin.x, drag.y - drag.grip.y - drag.origin.y];
    ghost.style.transform = `translate3d(${left}px, ${top}px, 0) scale(1.03)`;
    aim(clamp(drag.x, box.left, box.right) - box.left + drag.scroll);
    drag.frame = requestAnimationFrame(step);
  }

  function aim(x) {
    let nearest = 0, least = Infinity;
    drag.gaps.forEach((gap, place) => {
      const away = x < gap.from ? gap.from - x : x > gap.to ? x - gap.to : 0;
      if (away < least) { least = away; nearest = place; }
    });
    if (nearest === drag.place) return;
    const gap = drag.gaps[nearest];
    drag.gaps[drag.place]?.scene.classList.remove("target");
    gap.scene.classList.add("target");
    drag.place = nearest;
    const at = gap.isAlone ? (gap.from + gap.to) / 2 : gap.isFirst ? gap.to - 3 : Math.min(gap.from + 3, (gap.from + gap.to) / 2);
    mark.hidden = false;
    mark.style.transform = `translate3d(${at - 2}px, 0, 0)`;
  }

  function end(isDropped) {
    if (!drag) return;
    const { timer, isMoving, ids, rest, place, home, ghost, frame, gaps } = drag;
    for (const [name, act] of listeners) window.removeEventListener(name, act, true);
    clearTimeout(timer);
    drag = null;
    if (!isMoving) return;
    cancelAnimationFrame(frame);
    ghost.remove();
    gaps[place]?.scene.classList.remove("target");
    for (const id of ids) tl.cards.get(id)?.button.classList.remove("lifted");
    root.classList.remove("dragging");
    mark.hidden = true;
    tl.hand = "";
    tl.isQuiet = true; // the click that ends a drag chooses nothing
    setTimeout(() => { tl.isQuiet = false; }, 60);
    const isHere = idsOf(rest).concat(ids).every((id) => tl.cards.has(id));
    if (isDropped && isHere && place >= 0 && (place !== home || ids.length > 1)) tl.arrange(put(rest, place, ids), ids, true);
    else tl.settle();
    if (!isDropped) tl.say("Put back");
  }

  const listeners = Object.entries({
    pointermove: move,
    pointerup: (event) => event.pointerId === drag.pointer && end(true),
    pointercancel: (event) => event.pointerId === drag.pointer && end(false),
    blur: (event) => event.target === window && end(false),
    keydown: (event) => {
      if (event.key !== "Escape" || !drag.isMoving) return;
      event.preventDefault();
      event.stopPropagation();
      end(false);
    },
  });
}
