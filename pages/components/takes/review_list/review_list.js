// Built anew only when what is listed has changed, so that the focus and the place in the list stay.
const lists = new WeakMap();

export default function ({ parentElement, data, setTriggerValue }) {
  let list = lists.get(parentElement);
  if (!list) lists.set(parentElement, (list = mount(parentElement.querySelector(".list"))));
  list.receive(data, (id) => setTriggerValue("choose", id));
}

function element(tag, className, text, into) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text) made.textContent = text;
  into?.append(made);
  return made;
}

function mount(root) {
  root.replaceChildren();
  root.setAttribute("aria-label", "What waits for you");
  let drawn = "", choose = () => {};

  function receive(data, onChoose) {
    choose = onChoose;
    const now = JSON.stringify(data.items.map(({ since, ...rest }) => rest));
    if (now !== drawn) draw(data.items);
    drawn = now;
    data.items.forEach((item, index) => (root.children[index].querySelector(".since").textContent = item.since));
    mark(data.chosen);
  }

  function draw(items) {
    const focused = root.getRootNode().activeElement?.dataset?.id;
    root.replaceChildren();
    for (const item of items) {
      const button = element("button", "", "", element("li", "", "", root));
      button.type = "button";
      button.dataset.id = item.id;
      const picture = element("span", "picture", "", button);
      if (item.poster) Object.assign(element("img", "", "", picture), { src: item.poster, alt: "", loading: "lazy" });
      const words = element("span", "words", "", button), top = element("span", "top", "", words);
      element("b", item.kind, item.kind_words, top);
      element("span", "score", item.score && `Score ${item.score}`, top);
      element("span", "since", "", top);
      element("span", "line", item.line, words);
      element("span", "where", item.where, words);
      element("span", "why", item.why, words);
      button.addEventListener("click", () => { mark(item.id); choose(item.id); });
      if (item.id === focused) button.focus({ preventScroll: true });
    }
  }

  function mark(id) {
    for (const button of root.querySelectorAll("button")) {
      const is = button.dataset.id === id;
      if (is && button.getAttribute("aria-current") !== "true") {
        const top = button.offsetTop - root.offsetTop, bottom = top + button.offsetHeight;
        if (top < root.scrollTop) root.scrollTop = top;
        else if (bottom > root.scrollTop + root.clientHeight) root.scrollTop = bottom - root.clientHeight;
      }
      if (is) button.setAttribute("aria-current", "true");
      else button.removeAttribute("aria-current");
    }
  }

  return { receive };
}
