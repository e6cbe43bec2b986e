// One clip on the strip: a button with its picture, number, length, state and score, and the joint to the next clip.
import { icon } from "./icons.js";
import { element } from "./parts.js";

const VERDICTS = { pass: "passed", fail: "failed", needs_review: "needs_review" };
const FIRST_TRY_MS = 1500, TRIES = 8; // over six minutes
const JOINTS = { crossfade: "Crossfade", wipe: "Wipe", fade_black: "Fade through black" };

export function makeCard(id) {
  const item = element("li", "place"), button = element("button", "clip", item);
  button.type = "button";
  button.dataset.id = id;
  const image = element("img", "", button);
  image.alt = "";
  image.draggable = false;
  image.decoding = "async";
  askAgain(image, button);
  const top = element("span", "top", button), number = element("span", "chip number", top);
  const badges = element("span", "badges", top), seconds = element("span", "chip seconds", top);
  const line = element("span", "line", button), bottom = element("span", "bottom", button);
  const state = element("span", "state", bottom), score = element("span", "chip score", bottom);
  const bar = element("span", "bar", button), done = element("i", "", bar);
  element("span", "ring", button);
  const joint = element("span", "joint", item);
  return { item, button, image, number, badges, seconds, line, state, score, bar, done, joint, drawn: "" };
}

// A picture that did not come, while the app was away it may be, is hidden and asked for again, more and more seldom.
function askAgain(image, button) {
  let tries = 0;
  image.addEventListener("error", () => {
    const source = image.getAttribute("src"), isSame = image.dataset.broken === source;
    image.hidden = true;
    image.dataset.broken = source;
    button.classList.remove("pictured");
    tries = isSame ? tries + 1 : 0;
    if (tries < TRIES) setTimeout(() => {
      if (image.isConnected && image.getAttribute("src") === source) image.src = source;
    }, FIRST_TRY_MS * 2 ** tries);
  });
  image.addEventListener("load", () => {
    if (image.dataset.broken !== image.getAttribute("src")) return;
    delete image.dataset.broken;
    image.hidden = false;
    button.classList.add("pictured");
  });
}

// Bring a card up to date; nothing is touched when nothing changed.
export function fillCard(card, clip, { place, total, scene, isPicked, isLast }) {
  const now = JSON.stringify([clip, place, total, scene, isPicked, isLast]);
  if (now === card.drawn) return;
  card.drawn = now;
  const poster = card.image.dataset.broken === clip.poster ? "" : clip.poster;
  const { button } = card, words = clip.text ?? clip.shows ?? "", isWorking = clip.progress !== undefined;
  button.dataset.status = clip.status;
  button.classList.toggle("working", isWorking);
  button.classList.toggle("pictured", Boolean(poster));
  button.setAttribute("aria-pressed", String(isPicked));
  button.setAttribute("aria-label", spoken(clip, place, total, scene, isLast));
  button.title = [clip.label + (clip.score ? ` ${clip.score}` : ""), ...extras(clip), words].filter(Boolean).join(" · ");
  card.item.style.setProperty("--seconds", clip.seconds);
  card.number.textContent = place;
  card.seconds.textContent = `${clip.seconds}s`;
  card.line.textContent = words;
  card.state.replaceChildren(icon(clip.status), element("span", "", null, clip.label));
  card.score.hidden = !clip.score;
  card.score.dataset.verdict = clip.verdict ?? "";
  card.score.replaceChildren(...(clip.verdict ? [icon(VERDICTS[clip.verdict])] : []), clip.score ?? "");
  card.badges.replaceChildren(...badges(clip));
  card.bar.hidden = !isWorking;
  card.done.style.transform = `scaleX(${clip.progress ?? 0})`;
  card.image.hidden = !poster;
  if (poster && card.image.getAttribute("src") !== poster) card.image.src = poster;
  drawJoint(card.joint, isLast ? null : clip.joint, Boolean(clip.ownJoint));
}

function drawJoint(joint, given, isOwn) {
  joint.hidden = !given || given.kind === "cut";
  if (joint.hidden) return;
  joint.className = isOwn ? "joint own" : "joint";
  joint.title = `${jointWords(given)}${isOwn ? ", chosen for this joint" : ""}`;
  joint.replaceChildren(icon(given.kind));
}

export const jointWords = ({ kind, seconds }) => `${JOINTS[kind] ?? kind} of ${seconds} s`;

function badges(clip) {
  const marks = [
    clip.ownPrompt && ["pencil", "Own prompt"],
    clip.ownProvider && ["plug", `Own provider: ${clip.ownProvider}`],
    clip.isReferred && ["picture", "Starts from a picture"],
    clip.animatic && !clip.video && ["reel", "Animatic: a free preview until there is a take"],
  ];
  return marks.filter(Boolean).map(([name, words]) => {
    const badge = element("span", "chip badge");
    badge.title = words;
    badge.append(icon(name));
    return badge;
  });
}

function extras(clip) {
  return [clip.ownPrompt && "own prompt", clip.ownProvider && `own provider ${clip.ownProvider}`,
    clip.isReferred && "starts from a picture", clip.animatic && !clip.video && "animatic"].filter(Boolean);
}

function spoken(clip, place, total, scene, isLast) {
  const facts = [`Clip ${place} of ${total}`, scene, `${clip.seconds} seconds`, clip.label, clip.score && `score ${clip.score}`,
    ...extras(clip), !isLast && clip.joint.kind !== "cut" && `then a ${jointWords(clip.joint).toLowerCase()}`];
  return facts.filter(Boolean).join(", ") + (clip.text ? `: ${clip.text}` : clip.shows ? `: shows ${clip.shows}` : "");
}
