// While the server is away a line at the foot of the page says so, soon. The framework's own dialog comes late and speaks
// of itself and of the internet: its words are changed where it appears. Once the server answers it draws the page anew;
// a click before that would go to what it no longer knows, so nothing can be clicked until then.
const SOON_MS = 1500, DRAWN_MS = 6000, SAID = /connection error/i, TITLE = "Reconnecting";
const TEXT = "The app does not answer just now. Whatever was started goes on once it is back, nothing is paid for twice, "
  + "and this page comes back by itself. If it stays like this, look whether the app is still running.";
const LINE = "Reconnecting. The app does not answer just now; nothing is lost, and this page comes back by itself.";
let observer = null, timer = 0, line = null;
let state = "there"; // there -> away -> back (the server answers) -> drawing -> there

export default function () {
  if (observer) return;
  observer = new MutationObserver(look);
  observer.observe(document.body, {
    childList: true, subtree: true, attributes: true,
    attributeFilter: ["data-test-connection-state", "data-test-script-state"],
  });
}

function look() {
  const app = document.querySelector('[data-testid="stApp"]');
  if (app) follow(app, app.dataset.testConnectionState === "CONNECTED", app.dataset.testScriptState);
  const dialog = document.querySelector('[data-testid="stDialog"]');
  if (dialog && !dialog.dataset.said && SAID.test(dialog.textContent)) reword(dialog);
}

function follow(app, isConnected, script) {
  if (!isConnected) {
    if (state !== "away") wait(() => line || say(app), SOON_MS);
    state = "away";
  } else if (state === "away") {
    state = "back";
    app.inert = true;
    wait(() => arrive(app), DRAWN_MS); // should the drawing ever be missed
  } else if (state === "back" && script === "running") {
    state = "drawing";
  } else if (state === "drawing" && script === "notRunning") {
    arrive(app);
  }
}

function wait(then, milliseconds) {
  clearTimeout(timer);
  timer = setTimeout(then, milliseconds);
}

function arrive(app) {
  clearTimeout(timer);
  line?.remove();
  line = null; state = "there"; app.inert = false;
}

function say(app) {
  const { color, backgroundColor, fontFamily } = getComputedStyle(app);
  line = document.createElement("div");
  line.setAttribute("role", "status");
  line.textContent = LINE;
  Object.assign(line.style, {
    position: "fixed", left: "50%", bottom: "1.25rem", transform: "translateX(-50%)", zIndex: 1000000, maxWidth: "90vw",
    padding: ".7rem 1.1rem", borderRadius: "10px", font: `500 .92rem/1.4 ${fontFamily}`,
    color: backgroundColor, backgroundColor: color, boxShadow: "0 6px 24px rgb(0 0 0 / .25)",
  });
  document.body.append(line);
}

function reword(dialog) {
  const walker = document.createTreeWalker(dialog, NodeFilter.SHOW_TEXT), found = [];
  while (walker.nextNode()) if (walker.currentNode.data.trim()) found.push(walker.currentNode);
  const title = found.find((node) => SAID.test(node.data));
  const text = found.find((node) => node !== title && /streamlit/i.test(node.data));
  if (!title || !text) return;
  dialog.dataset.said = "yes";
  title.data = TITLE;
  text.data = TEXT;
}
