// What somebody types is not sent at once. So Python is told when they begin, and what stood there: it leaves the field
// alone then, and knows what they had seen. What it had sent before that and would replace their words is taken back.
const typing = new Map(); // field -> { typed, begun }
let tell = () => {}, isWatching = false;

const nameOf = (field) =>
  [...(field.closest('[class*="st-key-"]')?.classList ?? [])].find((name) => name.startsWith("st-key-")) ?? "";
const isText = (target) => target instanceof HTMLTextAreaElement || (target instanceof HTMLInputElement && target.type === "text");
const isForm = (field) => Boolean(field.closest('[data-testid="stForm"]'));

function write(field, text) {
  const [from, to] = [field.selectionStart, field.selectionEnd];
  Object.getOwnPropertyDescriptor(Object.getPrototypeOf(field), "value").set.call(field, text);
  field.dispatchEvent(new Event("input", { bubbles: true }));
  if (document.activeElement === field) field.setSelectionRange(Math.min(from, text.length), Math.min(to, text.length));
}

function watch() {
  for (const [field, { typed, begun, caret }] of typing) {
    if (!field.isConnected) typing.delete(field);
    else if (field.value !== typed) {
      write(field, typed);
      if (document.activeElement === field) field.setSelectionRange(...caret);
      tell({ name: nameOf(field), begun, at: Date.now() });
    } else if (document.activeElement === field) typing.get(field).caret = [field.selectionStart, field.selectionEnd];
  }
  isWatching = typing.size > 0;
  if (isWatching) requestAnimationFrame(watch);
}

function start() {
  let before = new WeakMap();
  const note = ({ target }) => { if (isText(target) && !typing.has(target)) before.set(target, target.value); };
  document.addEventListener("focusin", note, true);
  document.addEventListener("beforeinput", note, true);
  document.addEventListener("input", ({ target, isTrusted }) => {
    if (!isText(target) || (!isTrusted && !typing.has(target) && !before.has(target))) return;
    const isNew = !typing.has(target), begun = typing.get(target)?.begun ?? before.get(target) ?? "";
    typing.set(target, { typed: target.value, begun, caret: [target.selectionStart, target.selectionEnd] });
    if (isNew) tell({ name: nameOf(target), begun, at: Date.now() });
    if (!isWatching) { isWatching = true; requestAnimationFrame(watch); }
  }, true);
  const sent = ({ target }) => { if (isText(target) && !isForm(target)) typing.delete(target); };
  document.addEventListener("focusout", sent, true);
  const submitted = (target) => {
    const form = target.closest('[data-testid="stForm"]');
    for (const field of [...typing.keys()]) if (form?.contains(field)) typing.delete(field);
  };
  document.addEventListener("keydown", ({ key, ctrlKey, metaKey, target }) => {
    if (key !== "Enter" || !(ctrlKey || metaKey || target instanceof HTMLInputElement)) return;
    sent({ target });
    submitted(target);
  }, true);
  document.addEventListener("click", ({ target }) => {
    const button = target.closest?.('[data-testid="stFormSubmitButton"]');
    if (button) submitted(button);
  }, true);
}

export default function ({ setTriggerValue }) {
  tell = (value) => setTriggerValue("held", value);
  if (globalThis.isWatchingHands) return;
  globalThis.isWatchingHands = true;
  start();
}
