// Line drawings on a 16 x 16 sheet.
const SHEET = "http://www.w3.org/2000/svg";
const DRAWN = {
  play: "!M5 3.2v9.6L12.6 8z",
  pause: "!M4.6 3.2h2.3v9.6H4.6zM9.1 3.2h2.3v9.6H9.1z",
  sound: "M2.5 6.2v3.6h2.3L8 12.6V3.4L4.8 6.2zM10.4 5.6a3.4 3.4 0 0 1 0 4.8M12.2 3.8a6 6 0 0 1 0 8.4",
  mute: "M2.5 6.2v3.6h2.3L8 12.6V3.4L4.8 6.2zM10.4 6.2l3.4 3.6M13.8 6.2l-3.4 3.6",
  words: "M2 3.5h12v9H2zM4.4 7h2.2M8.4 7h3.2M4.4 9.7h4.2M10.4 9.7h1.2",
  close: "M4 4l8 8M12 4l-8 8",
  minus: "M3.5 8h9",
  plus: "M3.5 8h9M8 3.5v9",
  fit: "M2.5 3.5v9M13.5 3.5v9M5 8h6M6.6 6.2 4.8 8l1.8 1.8M9.4 6.2 11.2 8l-1.8 1.8",
  keys: "M1.8 4.2h12.4v7.6H1.8zM4.2 6.6h.1M6.7 6.6h.1M9.2 6.6h.1M11.7 6.6h.1M5 9.4h6",
  crossfade: "M2.5 3.8 13.5 12.2M2.5 12.2 13.5 3.8",
  wipe: "M8 2.8v10.4M6 8H2.2M4 5.9 1.9 8 4 10.1M10.4 4.4h3.2M10.4 8h3.2M10.4 11.6h3.2",
  fade_black: "M8 2.6a5.4 5.4 0 1 0 .01 0z!M8 2.6a5.4 5.4 0 0 1 0 10.8z",
  pencil: "M3 13l.7-2.9 7-7 2.2 2.2-7 7zM9.4 4.4l2.2 2.2",
  plug: "M5.6 2.4v3.2M10.4 2.4v3.2M4 5.6h8v2.2a4 4 0 0 1-8 0zM8 11.8v2",
  reel: "M2.4 3.4h11.2v9.2H2.4zM5 3.4v9.2M11 3.4v9.2M2.4 6.5H5M2.4 9.5H5M11 6.5h2.6M11 9.5h2.6",
  picture: "M2.4 3.2h11.2v9.6H2.4zM2.6 11l3.2-3.4 2.6 2.6 2-1.8 3 2.8M10.4 6h.1",
  pending: "M8 2.8a5.2 5.2 0 1 0 .01 0zM8 5v3.2l2.2 1.4",
  generating: "M8 2.8a5.2 5.2 0 1 0 5.2 5.2M8 2.8v5.2h5.2",
  assessing: "M7 2.8a4.2 4.2 0 1 0 .01 0zM10 10l3.2 3.2",
  repairing: "M12.6 4.6 10 7.2 8.8 6l2.6-2.6a3.4 3.4 0 0 0-4.3 4.4L3 12l1.2 1.2 4.1-4.1a3.4 3.4 0 0 0 4.3-4.5z",
  passed: "M3 8.6l3.2 3.2L13 4.6",
  needs_review: "M8 3v6M8 12.2v.3",
  failed: "M4 4l8 8M12 4l-8 8",
};

// A drawing to look at only: what it means is said beside it. What comes after a "!" is filled.
export function icon(name) {
  const svg = document.createElementNS(SHEET, "svg");
  svg.setAttribute("viewBox", "0 0 16 16");
  svg.setAttribute("aria-hidden", "true");
  (DRAWN[name] ?? DRAWN.pending).split("!").forEach((drawn, at) => {
    const path = document.createElementNS(SHEET, "path");
    path.setAttribute("d", drawn);
    if (at) path.setAttribute("class", "filled");
    svg.append(path);
  });
  return svg;
}
