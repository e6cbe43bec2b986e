// The cut: when each clip begins and ends in the film, and what is seen at a moment. Plain values, nothing drawn.
const NONE = { kind: "cut", seconds: 0 };

// `lengths` has the measured seconds of takes that were loaded, by address; the others last as long as planned.
export function cutOf(clips, lengths) {
  const long = clips.map((clip) => lengths.get(addressOf(clip)) ?? clip.seconds);
  const room = long.map((seconds, at) => (at > 0 && at < clips.length - 1 ? seconds / 2 : seconds));
  let start = 0;
  const shots = clips.map((clip, at) => {
    const { kind, seconds } = clip.joint ?? NONE, isLast = at === clips.length - 1;
    const shared = isLast || kind === "cut" ? 0 : Math.min(seconds, room[at], room[at + 1]); // both give frames: the film is shorter
    const shot = { clip, start, end: start + long[at], shared, kind };
    start = shot.end - shared;
    return shot;
  });
  return { shots, seconds: shots.length ? shots.at(-1).end : 0 };
}

export const addressOf = (clip) => clip.video || clip.animatic || "";

// The newest clip seen at `second`, the one it comes in over if any, and how far it has come in (0..1).
export function seenAt(cut, second) {
  let at = 0;
  while (at + 1 < cut.shots.length && cut.shots[at + 1].start <= second) at += 1;
  const shot = cut.shots[at], before = cut.shots[at - 1];
  const isShared = before && before.shared > 0 && second < before.end;
  return { at, shot, before: isShared ? before : null, kind: isShared ? before.kind : "cut",
    share: isShared ? (second - shot.start) / before.shared : 1 };
}

// Film seconds <-> places on the strip. A card stands for its clip from the middle of one joint to that of the next.
export function spansOf(cut, boxes) {
  return cut.shots.map((shot, at) => {
    const from = at ? shot.start + cut.shots[at - 1].shared / 2 : 0, to = shot.end - shot.shared / 2;
    const { left, width } = boxes.get(shot.clip.id) ?? { left: 0, width: 0 };
    return { from, to, left, width };
  });
}

export function xAt(spans, second) {
  const span = spans.find((one) => second < one.to) ?? spans.at(-1);
  if (!span) return 0;
  const share = (second - span.from) / Math.max(1e-6, span.to - span.from);
  return span.left + span.width * Math.max(0, Math.min(1, share));
}

export function secondAt(spans, x) {
  const span = spans.find((one) => x < one.left + one.width) ?? spans.at(-1);
  if (!span) return 0;
  const share = Math.max(0, Math.min(1, (x - span.left) / Math.max(1, span.width)));
  return span.from + share * (span.to - span.from);
}
