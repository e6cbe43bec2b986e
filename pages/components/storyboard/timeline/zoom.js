// How many pixels a second is wide: from the whole film in view to a few words a screen. Kept as long as the tab.
import { secondAt, spansOf, xAt } from "./cut.js";
import { clamp, element, recall, remember, tool } from "./parts.js";

const WIDEST = 64, READABLE = 12.5, ROOMY = 56, STEP = 1.35, CLOSE = 8;

export function addZoom(tl) {
  const { track, root } = tl;
  let wanted = recall("zoom", "auto"), width = 0, pinch = null, waiting = 0, target = null;
  const box = element("div", "zoom");
  box.setAttribute("role", "group");
  box.setAttribute("aria-label", "Zoom");
  tool("minus", "Zoom out (-)", box, () => by(1 / STEP));
  const slider = element("input", "", box);
  Object.assign(slider, { type: "range", min: 0, max: 100, step: 1 });
  slider.setAttribute("aria-label", "Seconds in view");
  tool("plus", "Zoom in (+)", box, () => by(STEP));
  const whole = tool("fit", "Show the whole film (0)", box, () => set(wanted === "fit" ? "auto" : "fit"));
  slider.addEventListener("input", () => set(fit() * (WIDEST / fit()) ** (slider.value / 100)));

  const total = () => tl.order().reduce((sum, clip) => sum + clip.seconds, 0) || 1;

  // Seconds get what gaps and scenes without clips leave over; where that is little, the gaps are small too.
  function fit() {
    const filled = tl.groups.filter((group) => group.clips.length).length, empty = tl.groups.length - filled;
    const left = (gap, between) => width - 28 - gap * (tl.ids().length - filled) - between * (tl.groups.length - 1) - 88 * empty;
    const roomy = left(5, 16) / total();
    return clamp(roomy < CLOSE ? left(2, 6) / total() : roomy, 1, WIDEST);
  }
  function scale() {
    if (wanted === "fit") return fit();
    return wanted === "auto" ? clamp(fit(), READABLE, ROOMY) : clamp(wanted, Math.min(fit(), READABLE), WIDEST);
  }

  function set(to, at = null) {
    wanted = to;
    remember("zoom", to);
    keep(at);
  }
  const by = (factor, at = null) => set(clamp(scale() * factor, fit(), WIDEST), at);

  // Draw at the next frame; the moment under the hand (or at the playhead, or in the middle) stays where it is.
  function keep(at) {
    if (!waiting) {
      const spans = spansOf(tl.cut, tl.boxes()), x = at ?? width / 2;
      target = { x, second: secondAt(spans, track.scrollLeft + x) };
      waiting = requestAnimationFrame(() => {
        waiting = 0;
        draw();
        track.scrollLeft = xAt(spansOf(tl.cut, tl.boxes()), target.second) - target.x;
        tl.ruler.redraw();
      });
    }
  }

  function draw() {
    const now = scale();
    root.style.setProperty("--scale", now.toFixed(3));
    root.classList.toggle("close", now < CLOSE);
    slider.value = Math.round((100 * Math.log(now / fit())) / Math.log(WIDEST / fit())) || 0;
    slider.setAttribute("aria-valuetext", `${Math.round(width / now)} seconds in view`);
    whole.setAttribute("aria-pressed", String(wanted === "fit"));
    tl.forgetBoxes();
  }

  track.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault(); // the browser would enlarge the page
    by(Math.exp(-clamp(event.deltaY, -60, 60) * 0.008), event.clientX - track.getBoundingClientRect().left);
  }, { passive: false });

  const spread = ([a, b]) => Math.hypot(a.clientX - b.clientX, a.clientY - b.clientY);
  track.addEventListener("touchmove", (event) => {
    if (event.touches.length !== 2 || tl.hand) { pinch = null; return; }
    event.preventDefault();
    const now = spread(event.touches);
    if (pinch) by(now / pinch, (event.touches[0].clientX + event.touches[1].clientX) / 2 - track.getBoundingClientRect().left);
    pinch = now;
  }, { passive: false });
  track.addEventListener("touchend", () => { pinch = null; });

  const watch = new ResizeObserver(([entry]) => {
    width = entry.contentRect.width;
    if (tl.ids().length) { draw(); tl.ruler.redraw(); }
  });
  watch.observe(track);
  return { box, draw, in: () => by(STEP), out: () => by(1 / STEP), fit: () => set("fit"), forget: () => watch.disconnect() };
}
