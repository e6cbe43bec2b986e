// Cards that come to stand elsewhere move there, so that the eye can follow; those far out of sight are just there.
const GLIDE_MS = 160;

export function glide({ track, cards, boxes }, before) {
  const [from, to] = [track.scrollLeft - 200, track.scrollLeft + track.clientWidth + 200];
  for (const [id, box] of boxes()) {
    const old = before.get(id), way = old ? old.left - box.left : 0;
    if (!way || box.left > to || box.left + box.width < from) continue;
    const path = [{ transform: `translateX(${way}px)` }, { transform: "none" }];
    cards.get(id).item.animate(path, { duration: GLIDE_MS, easing: "ease-out" });
  }
}
