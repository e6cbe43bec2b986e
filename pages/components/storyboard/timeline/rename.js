// A scene's title changed in its place: double click, or F2 on one of its clips.
import { element } from "./parts.js";
import { nameOf } from "./scene.js";

const LONGEST = 120;

export function addRename(tl) {
  tl.row.addEventListener("dblclick", (event) => {
    const at = tl.scenes.findIndex((scene) => scene.name.contains(event.target));
    if (at >= 0 && tl.can.rename) tl.rename(at);
  });

  tl.rename = (at) => {
    const scene = tl.scenes[at], { group } = scene, back = tl.root.getRootNode().activeElement;
    if (tl.hand || !group) return;
    const input = element("input", "retitle");
    Object.assign(input, { value: group.title, maxLength: LONGEST });
    input.setAttribute("aria-label", `Title of scene ${group.number}`);
    tl.hand = "rename";
    scene.name.classList.add("renaming");
    scene.name.append(input);
    input.select();
    let isOver = false;
    const end = (isKept) => {
      if (isOver) return;
      isOver = true;
      const title = input.value.trim();
      tl.hand = "";
      scene.name.classList.remove("renaming");
      input.remove();
      back?.focus?.({ preventScroll: true });
      if (isKept && title && title !== group.title) {
        tl.send("rename", { scene: group.id, title, seen: group.title });
        scene.title.textContent = nameOf({ ...group, title });
        tl.say(`Scene ${group.number} renamed`);
      } else tl.settle();
    };
    input.addEventListener("blur", () => end(true));
    input.addEventListener("keydown", (event) => {
      if (event.key === "Enter") end(true);
      else if (event.key === "Escape") end(false);
      else return;
      event.preventDefault();
      event.stopPropagation();
    });
  };
}
