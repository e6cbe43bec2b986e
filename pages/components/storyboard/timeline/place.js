// All that is sent with every change: the code itself comes once, with the component `timeline_code`.
const live = new WeakMap();

export default function ({ parentElement, data, setTriggerValue }) {
  const show = () => {
    let timeline = live.get(parentElement);
    if (!timeline) {
      parentElement.append(Object.assign(document.createElement("style"), { textContent: globalThis.clipTimeline.css }));
      live.set(parentElement, (timeline = globalThis.clipTimeline.mount(parentElement.querySelector(".timeline"))));
    }
    timeline.send = setTriggerValue;
    timeline.receive(new TextDecoder().decode(data));
  };
  if (globalThis.clipTimeline) show();
  else document.addEventListener("clip-timeline", show, { once: true });
  return () => {
    document.removeEventListener("clip-timeline", show);
    queueMicrotask(() => { if (!parentElement.isConnected) { live.get(parentElement)?.forget(); live.delete(parentElement); } });
  };
}
