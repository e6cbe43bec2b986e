// A text area commits on Ctrl+Enter or when left. Pressing Ctrl+Enter for the person after a pause in typing keeps the
// cursor where it is and goes through the same door as the real key.
const watched = new WeakSet();

export default function ({ data }) {
  const scope = document.querySelector(data.scope);
  if (!scope || watched.has(scope)) return;
  watched.add(scope);
  let timer = 0;
  scope.addEventListener("input", (event) => {
    if (event.target.tagName !== "TEXTAREA") return;
    clearTimeout(timer);
    timer = setTimeout(() => {
      if (document.activeElement !== event.target) return;
      event.target.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", ctrlKey: true, bubbles: true, cancelable: true }));
    }, data.pause);
  });
}
