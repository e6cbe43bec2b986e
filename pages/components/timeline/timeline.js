// The strip lives as long as its parent element: every new data only brings its cards up to date, in place.
const strips = new WeakMap();
const HOLD_MS = 320, SLACK_PX = 7, SCORE_PX = 118, LABEL_PX = 84;

export default function ({ parentElement, data, setTriggerValue }) {
  let strip = strips.get(parentElement);
  if (!strip) strips.set(parentElement, (strip = mount(parentElement.querySelector(".timeline"))));
  strip.send = setTriggerValue;
  strip.receive(data);
  return () => strip.forget();
}

function element(tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text) made.textContent = text;
  return made;
}

function mount(root) {
  root.replaceChildren();
  const track = element("div", "track"), mark = element("div", "mark"), foot = element("div", "foot");
  const summary = element("span"), keys = element("span", "keys"), touch = element("span", "touch", "Hold a clip to move it");
  const aloud = element("div", "aloud");
  keys.innerHTML = "Drag to reorder, or <kbd>Space</kbd> pick up, <kbd>←</kbd> <kbd>→</kbd> move, <kbd>Space</kbd> drop";
  aloud.setAttribute("role", "status");
  mark.hidden = true;
  track.append(mark);
  foot.append(summary, keys, touch);
  root.append(track, foot, aloud);

  const cards = new Map(); // clip id -> card
  const self = { send: () => {}, receive, forget };
  let clips = [], order = [], selected = "", drag = null, grabbed = null, latest = null, quietClick = false;
  let awaiting = null, painting = false; // the order sent but not yet echoed; whether cards are being moved

  const say = (text) => { aloud.textContent = ""; requestAnimationFrame(() => { aloud.textContent = text; }); };
  const place = (id) => order.indexOf(id) + 1;
  const clipOf = (id) => clips.find((clip) => clip.id === id);

  function receive(data) {
    latest = data;
    if (drag?.moving || grabbed) return; // never repaint under a hand
    const ids = data.clips.map((clip) => clip.id);
    if (awaiting && ids.join() === awaiting.before && Date.now() < awaiting.until) return paint(order, data);
    awaiting = null;
    paint(ids, data);
  }

  function paint(ids, data) {
    const byId = new Map(data.clips.map((clip) => [clip.id, clip]));
    painting = true; // moving the focused card blurs it for a moment
    clips = data.clips; order = ids; selected = data.selected;
    summary.textContent = data.summary;
    for (const [id, card] of cards) if (!byId.has(id)) { card.item.remove(); cards.delete(id); }
    const groups = [];
    for (const id of ids) {
      const clip = byId.get(id), last = groups.at(-1);
      if (last && last.scene === clip.scene) last.clips.push(clip);
      else groups.push({ scene: clip.scene, title: clip.sceneTitle, clips: [clip] });
    }
    const focused = root.getRootNode().activeElement?.dataset?.id;
    while (track.querySelectorAll(".scene").length > groups.length) [...track.querySelectorAll(".scene")].at(-1).remove();
    groups.forEach((group, index) => {
      const scene = track.querySelectorAll(".scene")[index] ?? track.insertBefore(makeScene(), mark);
      const seconds = group.clips.reduce((sum, clip) => sum + clip.seconds, 0);
      scene.parts.title.textContent = group.title ? `${group.scene} · ${group.title}` : `Scene ${group.scene}`;
      scene.parts.length.textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
      group.clips.forEach((clip, at) => {
        const card = cards.get(clip.id) ?? makeCard(clip.id);
        if (scene.parts.list.children[at] !== card.item) scene.parts.list.insertBefore(card.item, scene.parts.list.children[at] ?? null);
        fill(card, clip, ids.length);
      });
      while (scene.parts.list.children.length > group.clips.length) scene.parts.list.lastChild.remove();
    });
    measure();
    if (focused && cards.has(focused)) cards.get(focused).button.focus({ preventScroll: true });
    painting = false;
  }

  function makeScene() {
    const scene = element("section", "scene"), head = element("h3");
    scene.parts = { title: element("span"), length: element("small"), list: element("ol", "clips") };
    head.append(scene.parts.title, scene.parts.length);
    scene.append(head, scene.parts.list);
    return scene;
  }

  function makeCard(id) {
    const item = element("li"), button = element("button", "clip");
    const card = {
      item, button, image: element("img"), number: element("span"), seconds: element("span"), line: element("p", "line"),
      state: element("span"), score: element("span", "score"), bar: element("div", "bar"), fill: element("i"),
    };
    const top = element("div", "top"), bottom = element("div", "bottom"), pill = element("span", "state");
    button.type = "button"; button.dataset.id = id; card.image.alt = ""; card.image.hidden = true; card.image.draggable = false;
    top.append(card.number, card.seconds); pill.append(card.state); bottom.append(pill, card.score); card.bar.append(card.fill);
    button.append(card.image, top, card.line, bottom, card.bar, element("span", "ring"));
    item.append(button);
    cards.set(id, card);
    return card;
  }

  function fill(card, clip, total) {
    const working = clip.progress !== null;
    card.button.dataset.status = clip.status;
    card.button.classList.toggle("working", working);
    card.button.classList.toggle("pictured", Boolean(clip.poster));
    card.button.setAttribute("aria-current", String(clip.id === selected));
    card.button.setAttribute("aria-label", `Clip ${place(clip.id)} of ${total}, ${clip.seconds} seconds, ${clip.label}`
      + (clip.score ? `, score ${clip.score}` : "") + (clip.text ? `: ${clip.text}` : ""));
    card.button.title = `${clip.label}${clip.score ? " " + clip.score : ""} · ${clip.text}`;
    card.number.textContent = place(clip.id);
    card.seconds.textContent = `${clip.seconds}s`;
    card.line.textContent = clip.text;
    card.state.textContent = clip.label;
    card.score.textContent = clip.score;
    card.bar.hidden = !working;
    card.fill.style.width = `${Math.round((clip.progress ?? 0) * 100)}%`;
    card.image.hidden = !clip.poster;
    if (clip.poster && card.image.getAttribute("src") !== clip.poster) card.image.src = clip.poster;
  }

  function measure() {
    const total = clips.reduce((sum, clip) => sum + clip.seconds, 0) || 1;
    const room = track.clientWidth - 28 - 5 * clips.length - 14 * track.querySelectorAll(".scene").length;
    const scale = Math.min(34, Math.max(12.5, room / total)); // px per second
    for (const clip of clips) {
      const card = cards.get(clip.id), width = Math.max(44, Math.round(clip.seconds * scale));
      card.item.style.width = `${width}px`;
      card.button.classList.toggle("narrow", width < SCORE_PX);
      card.button.classList.toggle("tiny", width < LABEL_PX);
    }
    for (const scene of track.querySelectorAll(".scene")) {
      scene.style.width = `${[...scene.parts.list.children].reduce((sum, item) => sum + parseInt(item.style.width) + 5, -5)}px`;
    }
  }

  function reorder(next, moved) {
    if (next.join() === order.join()) return;
    awaiting = { before: latest.clips.map((clip) => clip.id).join(), until: Date.now() + 4000 };
    paint(next, { ...latest, selected });
    self.send("reorder", next);
    say(`Clip moved to place ${place(moved)} of ${next.length}`);
  }

  const without = (id) => order.filter((other) => other !== id);
  const withAt = (id, at) => { const rest = without(id); rest.splice(Math.max(0, Math.min(rest.length, at)), 0, id); return rest; };

  // --- mouse and touch ---
  function begin() {
    drag.moving = true;
    cards.get(drag.id).button.classList.add("grabbed");
    root.style.cursor = "grabbing";
    say(`Clip ${place(drag.id)} picked up`);
  }
  function aim(x) {
    const rest = without(drag.id), box = track.getBoundingClientRect();
    drag.at = rest.filter((id) => { const r = cards.get(id).button.getBoundingClientRect(); return x > r.left + r.width / 2; }).length;
    const next = rest[drag.at], edge = next ? cards.get(next).button.getBoundingClientRect().left - 5
      : cards.get(rest.at(-1) ?? drag.id).button.getBoundingClientRect().right + 1;
    mark.hidden = false;
    mark.style.left = `${edge - box.left + track.scrollLeft}px`;
    if (x < box.left + 40) track.scrollLeft -= 12; else if (x > box.right - 40) track.scrollLeft += 12;
  }
  function release(drop) {
    if (!drag) return;
    const { id, at, moving, timer } = drag;
    clearTimeout(timer);
    drag = null; mark.hidden = true; root.style.cursor = "";
    cards.get(id)?.button.classList.remove("grabbed");
    if (!moving) return;
    quietClick = true; setTimeout(() => { quietClick = false; }, 60);
    if (drop && at !== undefined) reorder(withAt(id, at), id);
    else receive(latest);
  }
  track.addEventListener("pointerdown", (event) => {
    const id = event.target.closest?.(".clip")?.dataset.id;
    if (!id || event.button !== 0 || clips.length < 2) return;
    drag = { id, pointer: event.pointerId, x: event.clientX, y: event.clientY, touch: event.pointerType !== "mouse" };
    if (drag.touch) drag.timer = setTimeout(begin, HOLD_MS);
  });
  track.addEventListener("pointermove", (event) => {
    if (!drag || event.pointerId !== drag.pointer) return;
    const far = Math.hypot(event.clientX - drag.x, event.clientY - drag.y) > SLACK_PX;
    if (!drag.moving && far) { if (drag.touch) return release(false); begin(); track.setPointerCapture(event.pointerId); }
    if (drag.moving) aim(event.clientX);
  });
  track.addEventListener("touchmove", (event) => { if (drag?.moving) event.preventDefault(); }, { passive: false });
  track.addEventListener("contextmenu", (event) => { if (drag) event.preventDefault(); });
  track.addEventListener("pointerup", () => release(true));
  track.addEventListener("pointercancel", () => release(false));

  // --- keyboard ---
  function letGo() { cards.get(grabbed?.id)?.button.classList.remove("grabbed"); grabbed = null; }
  track.addEventListener("click", (event) => {
    const id = event.target.closest?.(".clip")?.dataset.id;
    if (id && !quietClick && !grabbed) self.send("select", id);
  });
  track.addEventListener("keydown", (event) => {
    const id = event.target.closest?.(".clip")?.dataset.id;
    if (!id) return;
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (event.key === " ") {
      event.preventDefault();
      if (grabbed) { const next = order, before = grabbed.before; letGo(); order = before; reorder(next, id); receive(latest); }
      else { grabbed = { id, before: order }; event.target.closest(".clip").classList.add("grabbed"); say(`Clip ${place(id)} picked up. Arrows move it, Space drops it, Escape puts it back.`); }
    } else if (event.key === "Escape" && grabbed) {
      const before = grabbed.before; letGo(); paint(before, { ...latest, selected }); say("Put back");
    } else if (step && grabbed) {
      event.preventDefault();
      paint(withAt(id, order.indexOf(id) + step), { ...latest, selected });
      say(`Place ${place(id)} of ${order.length}`);
    } else if (step && event.altKey) {
      event.preventDefault();
      reorder(withAt(id, order.indexOf(id) + step), id);
    } else if (step) {
      event.preventDefault();
      cards.get(order[order.indexOf(id) + step])?.button.focus();
    }
  });
  track.addEventListener("keyup", (event) => { if (event.key === " ") event.preventDefault(); });
  track.addEventListener("focusout", (event) => {
    if (grabbed && !painting && !track.contains(event.relatedTarget)) { const before = grabbed.before; letGo(); paint(before, { ...latest, selected }); }
  });

  const watch = new ResizeObserver(() => clips.length && measure());
  watch.observe(track);
  function forget() { if (!root.isConnected) watch.disconnect(); }
  return self;
}
