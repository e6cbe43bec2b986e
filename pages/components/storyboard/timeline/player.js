// Plays the cut in order on the stage: two decks take turns, so that the next clip is ready when its joint comes.
import { seenAt } from "./cut.js";
import { clamp, clock, counted, describe, element, recall, remember, tool } from "./parts.js";
import { drawJoint, mountStage } from "./stage.js";
import { icon } from "./icons.js";

export function addPlayer(tl) {
  let second = 0, isPlaying = false, isOpen = false, frame = 0, time = 0, shown = null, isWaiting = false;
  let isMuted = recall("muted", false), hasWords = recall("words", true);
  const bar = element("div", "transport");
  const button = tool("play", "Play the cut (K)", bar, toggle), times = element("span", "times", bar);
  let stage = null; // nothing is loaded for those who only look

  function open() {
    if (isOpen) return;
    isOpen = true;
    stage ??= mountStage(tl, { length, mute, words, close });
    drawSettings();
    stage.show(true);
    tl.root.classList.add("staged");
  }
  function close() {
    pause();
    isOpen = false;
    stage.show(false);
    tl.root.classList.remove("staged");
    button.focus();
  }

  function toggle() {
    if (isPlaying) return pause();
    if (!tl.cut.shots.length) return;
    open();
    if (second >= tl.cut.seconds - 0.05) second = 0;
    isPlaying = true;
    drawButton();
    time = performance.now();
    frame = requestAnimationFrame(run);
  }
  function pause() {
    if (!isPlaying) return;
    isPlaying = isWaiting = false;
    cancelAnimationFrame(frame);
    for (const deck of stage?.decks ?? []) deck.pause();
    drawButton();
    tl.ruler.told(second);
  }

  // `isShown`: the picture is wanted too, also where nothing plays.
  function seek(to, isShown = false) {
    second = clamp(to, 0, tl.cut.seconds);
    if (isShown) open();
    draw(true);
    tl.ruler.told(second);
  }

  function run(now) {
    if (!isPlaying) return;
    const passed = clamp((now - time) / 1000, 0, 0.25), seen = seenAt(tl.cut, second);
    time = now;
    const led = stage.deckOf(seen.at).lead(now);
    isWaiting = led === "wait" && stage.deckOf(seen.at).has(seen.shot.clip);
    if (!isWaiting) {
      const told = typeof led === "number" ? seen.shot.start + led : null;
      // the picture leads where it is near; it jumps with a seek, and then it follows
      second = told !== null && Math.abs(told - second) < 0.6 ? Math.max(second, told) : second + passed;
    }
    if (second >= tl.cut.seconds) {
      second = tl.cut.seconds;
      draw();
      pause();
      return tl.say("End of the film");
    }
    draw();
    frame = requestAnimationFrame(run);
  }

  function draw(isSought = false) {
    tl.ruler.show(second, isPlaying);
    const text = `${clock(second)} / ${clock(tl.cut.seconds)}`;
    if (times.textContent !== text) times.textContent = text;
    if (!isOpen || !tl.cut.shots.length) return;
    const seen = seenAt(tl.cut, second), front = stage.deckOf(seen.at), back = stage.deckOf(seen.at + 1);
    const offset = second - seen.shot.start;
    if (isSought || !front.has(seen.shot.clip)) front.load(seen.shot.clip, offset, seen.at + 1);
    if (seen.before) {
      if (isSought || !back.has(seen.before.clip)) back.load(seen.before.clip, second - seen.before.start, seen.at);
    } else {
      back.pause();
      const next = tl.cut.shots[seen.at + 1];
      if (next && (isSought || !back.has(next.clip) || !back.isAt(0))) back.load(next.clip, 0, seen.at + 2);
    }
    if (isPlaying) {
      front.play(isMuted, seen.before ? seen.share : 1);
      if (seen.before) back.play(isMuted, 1 - seen.share);
    }
    drawJoint(front.root, back.root, seen);
    stage.classWaiting(isWaiting);
    if (shown !== seen.shot) {
      tl.cards.get(shown?.clip.id)?.button.classList.remove("playing");
      shown = seen.shot;
      stage.say(shown.clip, seen.at + 1, tl.sceneOf(shown.clip.id));
    }
    tl.cards.get(shown.clip.id)?.button.classList.add("playing");
  }

  // The plan changed: go on at the same place of the same clip.
  function recut() {
    const moved = shown && tl.cut.shots.find((shot) => shot.clip.id === shown.clip.id);
    second = clamp(moved ? moved.start + (second - shown.start) : second, 0, tl.cut.seconds);
    if (moved && shown) shown = moved;
    const joints = tl.cut.shots.filter((shot) => shot.shared).length;
    times.title = `The film lasts ${clock(tl.cut.seconds)}${joints ? `, ${counted(joints, "joint")} overlapping` : ""}`;
    button.disabled = !tl.cut.shots.length;
    draw(!isPlaying);
  }

  function length(address, seconds) {
    if (Math.abs((tl.lengths.get(address) ?? Infinity) - seconds) < 0.05) return;
    tl.lengths.set(address, seconds);
    tl.recut();
  }

  function drawButton() {
    button.replaceChildren(icon(isPlaying ? "pause" : "play"));
    describe(button, isPlaying ? "Pause (K)" : "Play the cut (K)");
  }
  function mute() { remember("muted", (isMuted = !isMuted)); drawSettings(); }
  function words() { remember("words", (hasWords = !hasWords)); drawSettings(); }
  function drawSettings() { stage.settings({ isMuted, hasWords }); }

  const watch = new IntersectionObserver(([entry]) => { if (!entry.isIntersecting) pause(); });
  const hide = () => { if (document.hidden) pause(); };
  watch.observe(tl.stage);
  document.addEventListener("visibilitychange", hide);
  function forget() {
    pause();
    watch.disconnect();
    document.removeEventListener("visibilitychange", hide);
  }
  return { bar, toggle, pause, seek, recut, forget, second: () => second };
}
