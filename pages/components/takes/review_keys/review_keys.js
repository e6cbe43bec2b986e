// One listener for each place on the page. It stands before Streamlit's own shortcuts, which would rerun the app at "r".
const places = new WeakMap();
const TYPING = 'input:not([type="checkbox"], [type="radio"], [type="button"], [type="submit"]), textarea, select, [contenteditable="true"], [role="textbox"], [role="combobox"], [role="slider"], [role="listbox"]';
const ITS_OWN = 'button, a[href], summary, video, [role="button"], [role="tab"], [role="option"]';

export default function ({ parentElement, data }) {
  let place = places.get(parentElement);
  if (!place) places.set(parentElement, (place = mount(parentElement.querySelector(".keys"))));
  place.receive(data);
  return () => place.forget();
}

function element(tag, text, into, className) {
  const made = document.createElement(tag);
  if (text) made.textContent = text;
  if (className) made.className = className;
  into?.append(made);
  return made;
}

function mount(root) {
  root.replaceChildren();
  const line = element("div", "", root, "line"), said = element("p", "", root, "said"), list = element("dl", "", root);
  said.setAttribute("role", "status");
  list.hidden = true;
  let shortcuts = [], choices = null;

  const name = (key) => (key === "enter" ? "Enter" : key.toUpperCase());
  const find = (key) => document.querySelector(`.st-key-${CSS.escape(key)}`);
  const say = (words) => { said.textContent = ""; requestAnimationFrame(() => (said.textContent = words)); };

  function receive(data) {
    shortcuts = data.shortcuts;
    line.replaceChildren();
    for (const shortcut of shortcuts) {
      const pair = element("span", "", line);
      element("kbd", name(shortcut.key), pair);
      pair.append(` ${shortcut.words.split(":")[0]}`);
    }
    const help = element("button", "All keys", line);
    help.type = "button";
    help.setAttribute("aria-expanded", String(!list.hidden));
    help.addEventListener("click", toggle);
    list.replaceChildren();
    const more = [["1 to 9", "While reasons are offered: decide with that one"], ["Esc", "Leave the reasons or a field"], ["?", "Show or hide this list"]];
    for (const [key, words] of [...shortcuts.map((s) => [name(s.key), s.words]), ...more]) {
      element("kbd", key, element("dt", "", list));
      element("dd", words, list);
    }
    document.addEventListener("keydown", follow, true);
  }

  function toggle() {
    list.hidden = !list.hidden;
    root.classList.toggle("open", !list.hidden);
    line.querySelector("button")?.setAttribute("aria-expanded", String(!list.hidden));
  }

  function follow(event) {
    if (!root.isConnected || event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (document.querySelector('[role="dialog"]')) return;
    const at = event.composedPath()[0], key = event.key.toLowerCase();
    if (key === "escape") return leave(at);
    if (at.closest?.(TYPING)) return;
    if (/^[1-9]$/.test(key) && choices?.isConnected && choices.contains(document.activeElement)) {
      const button = buttons(choices)[key - 1];
      return button && take(event, () => { say(`Decided: ${button.textContent.trim()}`); button.click(); reveal(find(shortcuts[0].place)); });
    }
    if (key === "?") return take(event, toggle);
    const shortcut = shortcuts.find((one) => one.key === key);
    if (!shortcut || (key === "enter" && at.closest?.(ITS_OWN))) return;
    const place = find(shortcut.place);
    take(event, () => (place && event.repeat !== true ? act(shortcut, place) : place || say("That is not offered here")));
  }

  function take(event, act) {
    event.preventDefault();
    event.stopImmediatePropagation();
    act();
  }

  const buttons = (place) => [...place.querySelectorAll("button")].filter((one) => !one.disabled);

  function act(shortcut, place) {
    const [first] = buttons(place);
    if (shortcut.does === "press") {
      say(first ? shortcut.words : "There is none");
      first?.click();
      reveal(place);
    } else if (shortcut.does === "choose") {
      choices = place;
      show(first);
      say(`${shortcut.words}: ${buttons(place).map((one, index) => `${index + 1} ${one.textContent.trim()}`).join(", ")}`);
    } else if (shortcut.does === "write") {
      const summary = place.querySelector("summary");
      if (summary && !summary.parentElement.open) summary.click();
      setTimeout(() => show(place.querySelector("input, textarea, select") ?? summary), 60);
      say(shortcut.words);
    } else {
      const host = [...place.querySelectorAll("*")].find((one) => one.shadowRoot?.querySelector("video"));
      const video = place.querySelector("video") ?? host?.shadowRoot.querySelector("video");
      if (!video) return say("There is no video");
      show(video);
      say(video.paused ? "Playing" : "Stopped");
      if (video.paused) video.play().catch(() => {});
      else video.pause();
    }
  }

  // Under the app's own bar nothing can be seen.
  function reveal(item) {
    const { top, bottom } = item?.getBoundingClientRect() ?? { top: 99, bottom: 0 };
    if (top < 80 || bottom > innerHeight) item?.scrollIntoView({ block: "center" });
  }

  function show(item) {
    item?.focus({ preventScroll: true });
    item?.scrollIntoView({ block: "nearest" });
  }

  function leave(at) {
    if (choices?.contains(at) || at.closest?.(TYPING)) at.blur?.();
    choices = null;
  }

  return { receive, forget: () => root.isConnected || document.removeEventListener("keydown", follow, true) };
}
