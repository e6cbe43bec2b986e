// Built once per place on the page. New data only brings it up to date, so that a playing take goes on playing.
const players = new WeakMap();
const PICTURE_SECONDS = 1 / 30;

export default function ({ parentElement, data }) {
  let player = players.get(parentElement);
  if (!player) players.set(parentElement, (player = mount(parentElement.querySelector(".player"))));
  player.receive(data);
  return () => player.forget();
}

function element(tag, className, into) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  into?.append(made);
  return made;
}

function mount(root) {
  root.replaceChildren();
  const video = element("video", "", root), bar = element("div", "bar", root);
  const foot = element("div", "foot", root), note = element("p", "note", foot), clock = element("span", "clock", foot);
  const head = element("i", "head", bar), marks = element("div", "marks", bar);
  Object.assign(video, { controls: true, playsInline: true, preload: "none" });
  bar.setAttribute("role", "group");
  note.setAttribute("role", "status");
  let shown = "", drawn = "", rest = "", length = 1, awaited = null;

  const share = (second) => `${100 * Math.min(1, Math.max(0, second / length))}%`;
  const page = () => (root.getRootNode().host ?? root).closest('[role="dialog"]');

  function receive(data) {
    if (data.src !== shown) {
      shown = data.src;
      video.src = data.src;
    }
    if (video.getAttribute("poster") !== data.poster) video.poster = data.poster;
    video.setAttribute("aria-label", data.label);
    const now = JSON.stringify([data.marks, data.speech, data.seconds]);
    if (now !== drawn) {
      drawn = now;
      length = data.seconds || 1;
      draw(data);
    }
    document.addEventListener("click", follow, true);
  }

  function draw(data) {
    bar.hidden = foot.hidden = !data.marks.length && !data.speech.length;
    bar.setAttribute("aria-label", `Findings on a time bar of ${length.toFixed(1)} seconds`);
    const places = data.marks.length;
    rest = places ? `${places} ${places === 1 ? "finding has its" : "findings have their"} place here` : "Shaded: somebody speaks";
    note.textContent = rest;
    marks.replaceChildren();
    marks.style.setProperty("--lanes", 1 + Math.max(0, ...data.marks.map((mark) => mark.lane)));
    for (const [start, end] of data.speech) place(element("i", "speech", marks), start, end);
    for (const mark of data.marks) {
      const button = place(element("button", mark.tone, marks), mark.start, mark.end);
      button.type = "button";
      button.title = mark.title;
      button.setAttribute("aria-label", `${mark.title}. Play from there`);
      button.style.setProperty("--lane", mark.lane);
      button.addEventListener("click", () => seek(mark.start));
      for (const name of ["focus", "pointerenter"]) button.addEventListener(name, () => (note.textContent = mark.title));
      for (const name of ["blur", "pointerleave"]) button.addEventListener(name, () => (note.textContent = rest));
    }
    tell();
  }

  function place(item, start, end) {
    item.style.left = `min(${share(start)}, 100% - 10px)`;
    item.style.width = share(end - start);
    return item;
  }

  function tell() {
    head.style.left = share(video.currentTime);
    clock.textContent = `${video.currentTime.toFixed(1)} of ${length.toFixed(1)} s`;
  }

  function seek(second) {
    awaited = second;
    if (video.readyState >= 1) arrive();
    else { video.preload = "metadata"; video.load(); }
    video.play().catch(() => {});
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    root.scrollIntoView({ block: "nearest", behavior: calm ? "auto" : "smooth" });
  }

  // Show the picture at that second, and stay there.
  function look(second) {
    awaited = second;
    if (video.readyState >= 1) arrive();
    else if (video.preload !== "metadata") { video.preload = "metadata"; video.load(); }
  }

  function arrive() {
    if (awaited !== null) video.currentTime = awaited;
    awaited = null;
  }

  // A link to a second of this very video; with two players of it, the one on the same page or in the same dialog.
  function follow(event) {
    const link = event.target.closest?.("a.svo-seek");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || link.closest('[role="dialog"]') !== page()) return;
    const [address, fragment = ""] = link.getAttribute("href").split("#t=");
    if (address !== shown || !root.isConnected) return;
    event.preventDefault();
    seek(parseFloat(fragment) || 0);
  }

  video.addEventListener("loadedmetadata", arrive);
  video.addEventListener("error", () => (foot.hidden = false, note.textContent = rest = "This take could not be loaded."));
  for (const name of ["timeupdate", "seeked"]) video.addEventListener(name, tell);
  // A finger, pen or mouse on the bar goes through the take without playing it; a short press plays from there.
  let press = null;
  const secondAt = (event) => (length * (event.clientX - press.box.left)) / press.box.width;
  bar.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || event.target.closest("button")) return;
    press = { box: bar.getBoundingClientRect(), x: event.clientX, id: event.pointerId, isDrawn: false };
  });
  bar.addEventListener("pointermove", (event) => {
    if (press?.id !== event.pointerId) return;
    if (!press.isDrawn && Math.abs(event.clientX - press.x) < 5) return;
    if (!press.isDrawn) { press.isDrawn = true; bar.setPointerCapture(press.id); video.pause(); }
    look(Math.max(0, Math.min(length, secondAt(event))));
  });
  bar.addEventListener("pointerup", (event) => {
    if (press?.id === event.pointerId && !press.isDrawn) seek(secondAt(event));
    press = null;
  });
  bar.addEventListener("pointercancel", () => { press = null; });

  // Arrows lead from finding to finding, comma and full stop from picture to picture.
  bar.addEventListener("keydown", (event) => {
    const all = [...marks.querySelectorAll("button")], at = all.indexOf(event.target);
    const next = { ArrowLeft: all[at - 1], ArrowRight: all[at + 1], Home: all[0], End: all.at(-1) }[event.key];
    const step = { ",": -1, ".": 1 }[event.key];
    if (at < 0 || event.ctrlKey || event.metaKey || event.altKey || (!next && !step)) return;
    event.preventDefault();
    if (next) next.focus();
    else { video.pause(); look(Math.max(0, Math.min(length, video.currentTime + step * PICTURE_SECONDS))); }
  });
  return { receive, forget: () => root.isConnected || document.removeEventListener("click", follow, true) };
}
