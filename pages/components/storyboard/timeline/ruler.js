// The ruler over the strip and the playhead: where the film is, and a place to press to be there.
import { secondAt, spansOf, xAt } from "./cut.js";
import { clamp, clock, element } from "./parts.js";

const WAYS = {
  ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -10, PageUp: 10, Home: -Infinity, End: Infinity,
};
const STEPS = [1, 2, 5, 10, 15, 30, 60, 120], APART_PX = 58;

export function addRuler(tl) {
  const { line: ruler, head, track } = tl;
  const ticks = element("div", "ticks", ruler);
  let spans = null, pressed = null, drawnX = null;
  ruler.tabIndex = 0;
  ruler.setAttribute("role", "slider");
  ruler.setAttribute("aria-label", "Playhead");
  ruler.setAttribute("aria-valuemin", "0");
  ticks.setAttribute("aria-hidden", "true");

  const known = () => (spans ??= spansOf(tl.cut, tl.boxes()));

  function redraw() {
    spans = null;
    const { seconds } = tl.cut, last = known().at(-1), right = last ? last.left + last.width : 0;
    const pace = right / Math.max(1, seconds), every = STEPS.find((step) => step * pace >= APART_PX) ?? STEPS.at(-1);
    const marks = [];
    for (let second = 0; second < seconds - every * 0.4; second += every) {
      const tick = element("span", "tick", null, clock(second));
      tick.style.transform = `translateX(${xAt(known(), second).toFixed(1)}px)`;
      marks.push(tick);
    }
    ticks.replaceChildren(...marks);
    ruler.style.width = `${right}px`;
    ruler.setAttribute("aria-valuemax", seconds.toFixed(1));
    drawnX = null;
    show(tl.player.second(), false);
    told(tl.player.second());
  }

  function show(second, isFollowing) {
    const x = Math.round(10 * xAt(known(), second)) / 10;
    if (x === drawnX) return;
    drawnX = x;
    head.style.transform = `translate3d(${x}px, 0, 0)`;
    if (isFollowing && tl.hand !== "drag") follow(x);
  }

  // Turn the page when the playhead leaves it.
  function follow(x) {
    const { scrollLeft, clientWidth } = track;
    if (x < scrollLeft || x > scrollLeft + clientWidth - 40) track.scrollLeft = x - 60;
  }

  function told(second) {
    ruler.setAttribute("aria-valuenow", second.toFixed(1));
    ruler.setAttribute("aria-valuetext", `${clock(second)} of ${clock(tl.cut.seconds)}`);
  }

  const pointed = (event) => secondAt(known(), event.clientX - pressed.left + track.scrollLeft);
  ruler.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    pressed = { left: track.getBoundingClientRect().left, pointer: event.pointerId };
    ruler.setPointerCapture(event.pointerId);
    tl.player.seek(pointed(event), true);
  });
  ruler.addEventListener("pointermove", (event) => {
    if (pressed?.pointer === event.pointerId) tl.player.seek(pointed(event), true);
  });
  for (const name of ["pointerup", "pointercancel"]) ruler.addEventListener(name, () => { pressed = null; });
  ruler.addEventListener("keydown", (event) => {
    const by = WAYS[event.key];
    if (event.key === " ") tl.player.toggle();
    else if (by) tl.player.seek(clamp(tl.player.second() + by, 0, tl.cut.seconds), true);
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  return { redraw, show, told };
}
