// Drawn once for each take; the peaks are asked for when the place comes into view.
const waves = new WeakMap();
const SVG = "http://www.w3.org/2000/svg";

export default function ({ parentElement, data }) {
  let wave = waves.get(parentElement);
  if (!wave) waves.set(parentElement, (wave = mount(parentElement.querySelector(".wave"))));
  wave.receive(data);
}

function element(tag, className, text, into) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text) made.textContent = text;
  into?.append(made);
  return made;
}

function mount(root) {
  let drawn = "", data = null, length = 1;

  function receive(next) {
    const now = JSON.stringify(next);
    if (now === drawn) return;
    drawn = now;
    data = next;
    length = data.seconds || 1;
    draw({ peaks: [], silence: [] }, "Reading the sound ...");
    fetch(data.peaks)
      .then((answer) => (answer.ok ? answer.json() : Promise.reject(answer.status)))
      .then((sound) => now === drawn && draw(sound, sound.peaks.length ? "" : "This take has no sound."))
      .catch(() => now === drawn && draw({ peaks: [], silence: [] }, "The sound could not be read."));
  }

  function draw(sound, note) {
    root.replaceChildren();
    length = sound.seconds || length;
    const field = element("div", "field", "", root), labels = element("div", "labels", "", root);
    field.setAttribute("role", "img");
    const silent = sound.silence.length ? `, silent in ${sound.silence.length} places` : "";
    field.setAttribute("aria-label", note || `The sound of ${length.toFixed(1)} seconds${silent}`);
    for (const [start, end] of data.voice) place(element("i", "voice", "", field), start, end);
    for (const [start, end] of sound.silence) place(element("i", "silence", "", field), start, end);
    for (const mark of data.marks) place(element("i", "mark", "", field), mark.start, mark.end);
    if (sound.peaks.length) field.append(picture(sound.peaks));
    if (note) element("p", "note", note, field);
    field.addEventListener("click", (event) => {
      const box = field.getBoundingClientRect();
      lead((length * (event.clientX - box.left)) / box.width);
    });
    const spoken = data.voice.length ? [{ start: data.voice[0][0], end: data.voice.at(-1)[1], label: "Voice", kind: "voice" }] : [];
    const still = sound.silence.map(([start, end]) => ({ start, end, label: "Silence", kind: "silence" }));
    for (const mark of [...spoken, ...still, ...data.marks.map((one) => ({ ...one, kind: "mark" }))]) {
      const button = element("button", mark.kind, `${mark.label} ${times(mark)}`, labels);
      button.type = "button";
      button.title = mark.title ?? `Play from ${mark.start.toFixed(1)} s`;
      button.addEventListener("click", () => lead(mark.start));
    }
  }

  const share = (second) => 100 * Math.min(1, Math.max(0, second / length));
  const times = ({ start, end }) => (end - start < 0.05 ? `${start.toFixed(1)} s` : `${start.toFixed(1)} to ${end.toFixed(1)} s`);

  function place(item, start, end) {
    item.style.left = `min(${share(start)}%, 100% - 3px)`;
    item.style.width = `max(3px, ${share(end) - share(start)}%)`;
  }

  function picture(peaks) {
    const drawing = document.createElementNS(SVG, "svg"), path = document.createElementNS(SVG, "path");
    drawing.setAttribute("viewBox", `0 -1 ${peaks.length} 2`);
    drawing.setAttribute("preserveAspectRatio", "none");
    drawing.setAttribute("aria-hidden", "true");
    path.setAttribute("d", peaks.map((peak, at) => `M${at + 0.5} ${-Math.max(peak, 0.012)}V${Math.max(peak, 0.012)}`).join(""));
    drawing.append(path);
    return drawing;
  }

  // The player listens for links of this kind that are pressed beside it; ours is made for one press.
  function lead(second) {
    const link = element("a", "svo-seek");
    link.href = `${data.src}#t=${Math.max(0, second).toFixed(2)}`;
    link.hidden = true;
    const beside = (root.getRootNode().host ?? root).parentElement;
    beside.append(link);
    link.click();
    link.remove();
  }

  return { receive };
}
