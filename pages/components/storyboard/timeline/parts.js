// Small parts that everything here is made of.
import { icon } from "./icons.js";

export function element(tag, className = "", into = null, text = "") {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text) made.textContent = text;
  into?.append(made);
  return made;
}

// A button that shows a drawing and says what it does.
export function tool(name, label, into, act) {
  const made = element("button", "tool", into);
  made.type = "button";
  made.append(icon(name));
  describe(made, label);
  made.addEventListener("click", act);
  return made;
}

export function describe(made, label) {
  made.title = label;
  made.setAttribute("aria-label", label);
}

export function clock(seconds) {
  const whole = Math.floor(seconds + 1e-6);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

export const clamp = (value, low, high) => Math.max(low, Math.min(high, value));
export const counted = (number, noun) => `${number} ${noun}${number === 1 ? "" : "s"}`;
export const isCalm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

// What a viewer set here lasts as long as the tab; where the browser keeps nothing, as long as the page.
export function recall(name, otherwise) {
  try {
    return JSON.parse(sessionStorage.getItem(`timeline-${name}`)) ?? otherwise;
  } catch {
    return otherwise;
  }
}

export function remember(name, value) {
  try {
    sessionStorage.setItem(`timeline-${name}`, JSON.stringify(value));
  } catch {
    // private windows may refuse
  }
}
