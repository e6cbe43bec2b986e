// The stage the cut is shown on: two decks, the words spoken, and what is to be set there.
import { icon } from "./icons.js";
import { makeDeck } from "./deck.js";
import { describe, element, isCalm, tool } from "./parts.js";

export function mountStage(tl, { length, mute, words, close }) {
  const screen = element("div", "screen", tl.stage);
  const shape = (width, height) => screen.style.setProperty("--shape", `${width} / ${height}`);
  const decks = [makeDeck(screen, length, shape), makeDeck(screen, length, shape)];
  const wait = element("div", "wait", screen), beside = element("div", "beside", tl.stage);
  const line = element("div", "about", beside), said = element("p", "said", beside);
  const about = element("span", "", line), settings = element("span", "settings", line);
  const sound = tool("sound", "Sound", settings, mute), captions = tool("words", "Captions", settings, words);
  tool("close", "Close the stage", settings, close);
  wait.hidden = true;
  wait.textContent = "Loading…";
  tl.stage.setAttribute("role", "region");
  tl.stage.setAttribute("aria-label", "The cut");

  return {
    decks,
    deckOf: (at) => decks[at % 2],
    show: (isShown) => { tl.stage.hidden = !isShown; },
    classWaiting: (isWaiting) => { if (wait.hidden === isWaiting) wait.hidden = !isWaiting; },
    say: (clip, place, scene) => {
      const made = clip.video ? "" : clip.animatic ? "animatic" : "no take yet";
      about.textContent = [`Clip ${place} of ${tl.ids().length}`, scene, made].filter(Boolean).join(" · ");
      said.textContent = clip.text ?? "";
    },
    settings: ({ isMuted, hasWords }) => {
      sound.replaceChildren(icon(isMuted ? "mute" : "sound"));
      describe(sound, isMuted ? "Turn sound on" : "Turn sound off");
      describe(captions, hasWords ? "Hide captions" : "Show captions");
      captions.setAttribute("aria-pressed", String(hasWords));
      said.hidden = !hasWords;
    },
  };
}

// How the clip coming in (`front`) covers the one going out, as the render does it. Without motion it is a cut halfway.
export function drawJoint(front, back, { before, kind, share }) {
  const come = before && isCalm() ? Math.round(share) : share;
  front.style.zIndex = 2;
  back.style.zIndex = 1;
  const dimmed = kind === "fade_black" ? Math.abs(1 - 2 * come) : 1;
  set(back, before ? (kind === "fade_black" ? (come < 0.5 ? dimmed : 0) : 1) : 0, "none");
  set(front, !before ? 1 : kind === "crossfade" ? come : kind === "fade_black" ? (come < 0.5 ? 0 : dimmed) : 1,
    before && kind === "wipe" ? `inset(0 0 0 ${100 * (1 - come)}%)` : "none");
}

function set(deck, opacity, clip) {
  if (deck.style.opacity !== String(opacity)) deck.style.opacity = opacity;
  if (deck.style.clipPath !== clip) deck.style.clipPath = clip;
}
