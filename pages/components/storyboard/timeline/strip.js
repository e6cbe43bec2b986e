// The strip: scenes with their cards. It lives as long as its place on the page; new data only brings it up to date.
import { fillCard, makeCard } from "./card.js";
import { cutOf } from "./cut.js";
import { glide } from "./glide.js";
import { idsOf, pairsOf, signed } from "./order.js";
import { clock, element, isCalm } from "./parts.js";
import { makeScene, nameOf } from "./scene.js";

const KEPT_MS = 5000; // how long an order is shown that Python has not heard of
const REFUSED = "The move was not kept.";
const SEEN = 8;

export function mountStrip(root) {
  root.replaceChildren();
  const tools = element("div", "tools", root), stage = element("div", "stage", root), track = element("div", "track", root);
  const line = element("div", "ruler", track), row = element("div", "scenes", track);
  const mark = element("div", "mark", track), head = element("div", "head", track);
  const foot = element("div", "foot", root), note = element("p", "note", root), aloud = element("div", "aloud", root);
  aloud.setAttribute("role", "status");
  note.hidden = mark.hidden = stage.hidden = true;

  const tl = {
    root, tools, stage, track, line, row, mark, head, foot,
    send: () => {}, can: {}, groups: [], clips: new Map(), cards: new Map(), scenes: [], selected: [], lengths: new Map(),
    hand: "", isPainting: false, sent: null, cut: cutOf([], new Map()), drawn: [], // what to do after each drawing
    receive, arrange, settle, paint, say, tell, boxes, ids: () => idsOf(tl.groups),
    order: () => idsOf(tl.groups).map((id) => tl.clips.get(id)),
    idAt: (event) => event.target.closest?.(".clip")?.dataset.id,
    sceneOf: (id) => nameOf(tl.groups.find((group) => group.clips.includes(id))),
    where: (id) => `place ${tl.ids().indexOf(id) + 1} of ${tl.ids().length}, ${tl.sceneOf(id)}`,
  };
  let latest = null, raw = "", measured = null;

  function say(text) {
    aloud.textContent = "";
    requestAnimationFrame(() => { aloud.textContent = text; });
  }

  // Something the eye must not miss either; empty takes it away.
  function tell(text) {
    note.textContent = text;
    note.hidden = !text;
    if (text) say(text);
  }

  function receive(text) {
    if (text === raw) return;
    raw = text;
    latest = JSON.parse(text);
    for (const clip of latest.groups.flatMap((group) => group.clips)) {
      clip.label = latest.labels[clip.status];
      clip.joint = clip.ownJoint ?? latest.joint;
    }
    tl.can = latest.can;
    root.classList.toggle("fixed", !tl.can.arrange);
    if (!tl.hand) settle(isHeard()); // never repaint under a hand
  }

  const isHeard = () => Boolean(tl.sent) && tl.sent.mark === latest.heard;

  // Show what Python says, unless it has not heard yet what was done here.
  function settle(isGliding = false) {
    const told = signed(latest.groups.map(idled)), { sent } = tl;
    if (isHeard() && sent.known.has(told)) tell(REFUSED);
    else if (sent && sent.known.has(told) && Date.now() < sent.until) return paint(sent.groups, isGliding);
    if (sent) clearTimeout(sent.timer);
    tl.sent = null;
    paint(latest.groups.map(idled), isGliding);
  }

  const idled = (group) => ({ ...group, clips: group.clips.map((clip) => clip.id) });

  function arrange(groups, ids, isGliding = false) {
    const told = signed(latest.groups.map(idled));
    if (signed(groups) === signed(tl.sent?.groups ?? latest.groups.map(idled))) return settle(isGliding);
    if (tl.sent) clearTimeout(tl.sent.timer);
    const known = new Set([...(tl.sent ? [...tl.sent.known, signed(tl.sent.groups)] : []), told]);
    const seen = [...(tl.sent?.seen ?? []), pairsOf(tl.groups)].slice(-SEEN); // what the hand moved from, move after move
    const sent = { groups, known, seen, until: Date.now() + KEPT_MS, mark: Math.random() };
    sent.timer = setTimeout(() => {
      if (tl.sent !== sent) return;
      tl.sent = null;
      if (tl.hand || signed(latest.groups.map(idled)) === signed(groups)) return;
      settle(true);
      tell(REFUSED);
    }, KEPT_MS);
    tl.sent = sent;
    tell("");
    paint(groups, isGliding);
    tl.send("arrange", { scenes: pairsOf(groups), seen, mark: sent.mark });
    const moved = ids.length === 1 ? "Clip moved" : `${ids.length} clips moved`;
    say(`${moved} to ${tl.where(ids[0])}`);
  }

  function paint(groups, isGliding = false) {
    const before = isGliding && !isCalm() ? boxes() : null;
    tl.isPainting = true; // moving the focused card blurs it for a moment
    tl.groups = groups;
    tl.clips = new Map(latest.groups.flatMap((group) => group.clips).map((clip) => [clip.id, clip]));
    tl.cut = cutOf(tl.order(), tl.lengths);
    const ids = tl.ids(), focused = root.getRootNode().activeElement?.dataset?.id;
    for (const [id, card] of tl.cards) if (!tl.clips.has(id)) { card.item.remove(); tl.cards.delete(id); }
    tl.picks.receive(latest.selected, ids);
    while (tl.scenes.length > groups.length) tl.scenes.pop().root.remove();
    while (tl.scenes.length < groups.length) tl.scenes.push(makeScene(row));
    groups.forEach((group, at) => paintScene(tl.scenes[at], group, ids));
    measured = null;
    if (focused && tl.cards.has(focused)) tl.cards.get(focused).button.focus({ preventScroll: true });
    tl.isPainting = false;
    for (const draw of tl.drawn) draw(latest);
    if (before) glide(tl, before);
  }

  function paintScene(scene, group, ids) {
    const seconds = group.clips.reduce((sum, id) => sum + tl.clips.get(id).seconds, 0);
    scene.group = group;
    scene.title.textContent = nameOf(group);
    scene.title.title = `${nameOf(group)}, ${clock(seconds)}`;
    scene.length.textContent = clock(seconds);
    scene.list.setAttribute("aria-label", nameOf(group));
    scene.root.classList.toggle("empty", !group.clips.length);
    group.clips.forEach((id, at) => {
      if (!tl.cards.has(id)) tl.cards.set(id, makeCard(id));
      const card = tl.cards.get(id), place = ids.indexOf(id) + 1, there = scene.list.children[at];
      if (there !== card.item) scene.list.insertBefore(card.item, there ?? null);
      const total = ids.length, isPicked = tl.picks.has(id);
      fillCard(card, tl.clips.get(id), { place, total, scene: nameOf(group), isPicked, isLast: place === total });
      card.button.tabIndex = id === tl.picks.focusable() ? 0 : -1;
    });
    while (scene.list.children.length > group.clips.length) scene.list.lastChild.remove();
  }

  // Where each card stands inside the track, read at most once after each drawing.
  function boxes() {
    measured ??= new Map(tl.ids().map((id) => {
      const { item } = tl.cards.get(id);
      return [id, { left: item.offsetLeft, width: item.offsetWidth }];
    }));
    return measured;
  }
  tl.forgetBoxes = () => { measured = null; };
  return tl;
}
