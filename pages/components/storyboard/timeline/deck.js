// One of the two decks of the stage: the video of a clip, or its slate where there is nothing to play.
import { addressOf } from "./cut.js";
import { element } from "./parts.js";

const PATIENCE_MS = 6000; // how long a video may keep the film waiting before its slate is shown instead

export function makeDeck(stage, onLength, onShape) {
  const root = element("div", "deck", stage), video = element("video", "", root), slate = element("div", "slate", root);
  const number = element("b", "", slate), words = element("p", "", slate), state = element("small", "", slate);
  Object.assign(video, { playsInline: true, preload: "auto", disablePictureInPicture: true, tabIndex: -1 });
  let clip = null, address = "", hasFailed = false, wanted = null, waitingSince = 0;

  video.addEventListener("error", () => { if (address) fail(); });
  video.addEventListener("loadedmetadata", () => {
    if (wanted !== null) video.currentTime = wanted;
    wanted = null;
    if (video.videoWidth) onShape(video.videoWidth, video.videoHeight);
    if (Number.isFinite(video.duration)) onLength(address, video.duration);
  });

  function fail() {
    hasFailed = true;
    root.classList.add("blank");
    state.textContent = "This take could not be loaded";
  }

  // Make ready `given` at `offset` seconds from its beginning.
  function load(given, offset, place) {
    clip = given;
    if (address !== addressOf(given)) {
      address = addressOf(given);
      hasFailed = false;
      waitingSince = 0;
      if (address) { video.poster = given.poster ?? ""; video.src = address; }
      else { video.removeAttribute("src"); video.load(); }
      wanted = address ? offset : null;
    }
    number.textContent = place;
    words.textContent = given.text ?? given.shows ?? "";
    state.textContent = hasFailed ? "This take could not be loaded" : given.label;
    root.classList.toggle("blank", !address || hasFailed);
    if (address && wanted === null && !hasFailed && Math.abs(video.currentTime - offset) > 0.3) video.currentTime = offset;
    else if (wanted !== null) wanted = offset;
  }

  // Where in its clip the picture is, in seconds; null when no picture leads. "wait" while it is being fetched.
  function lead(now) {
    if (!address || hasFailed || video.ended) return null;
    if (video.readyState >= 3 && !video.seeking) { waitingSince = 0; return video.currentTime; }
    waitingSince ||= now;
    if (now - waitingSince > PATIENCE_MS) { fail(); return null; }
    return "wait";
  }

  function play(isMuted, volume) {
    video.muted = isMuted;
    video.volume = Math.max(0, Math.min(1, volume));
    if (!video.paused || !address || hasFailed || video.ended) return;
    video.play().catch((error) => {
      if (error.name !== "NotAllowedError" || video.muted) return;
      video.muted = true; // sound needs a click on some pages; the picture does not
      video.play().catch(() => {});
    });
  }

  return {
    root, load, lead, play,
    pause: () => video.pause(),
    has: (given) => clip === given || (clip?.id === given.id && address === addressOf(given)),
    isAt: (offset) => wanted === null && Math.abs(video.currentTime - offset) < 0.3,
  };
}
