// The framework's own dialog speaks of itself and of the internet. Its words are changed where it appears; it goes away
// by itself as soon as the server answers.
const TITLE = "Reconnecting", SAID = /connection error/i;
const TEXT = "The app does not answer just now. Whatever was started goes on once it is back, nothing is paid for twice, "
  + "and this page comes back by itself. If it stays like this, look whether the app is still running.";
let observer = null;

export default function () {
  if (observer) return;
  observer = new MutationObserver(() => {
    const dialog = document.querySelector('[data-testid="stDialog"]');
    if (!dialog || dialog.dataset.said || !SAID.test(dialog.textContent)) return;
    const walker = document.createTreeWalker(dialog, NodeFilter.SHOW_TEXT), found = [];
    while (walker.nextNode()) if (walker.currentNode.data.trim()) found.push(walker.currentNode);
    const title = found.find((node) => SAID.test(node.data));
    const text = found.find((node) => node !== title && /streamlit/i.test(node.data));
    if (!title || !text) return;
    dialog.dataset.said = "yes";
    title.data = TITLE;
    text.data = TEXT;
    dialog.setAttribute("role", "alertdialog");
  });
  observer.observe(document.body, { childList: true, subtree: true });
}
