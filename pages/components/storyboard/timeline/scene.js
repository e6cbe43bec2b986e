// A scene of the strip: its name, how long it is, and the place of its cards.
import { element } from "./parts.js";

export const nameOf = ({ number, title }) => (title ? `${number} · ${title}` : `Scene ${number}`);

export function makeScene(row) {
  const root = element("section", "scene", row), name = element("p", "name", root);
  const title = element("span", "title", name), length = element("small", "", name), list = element("ol", "clips", root);
  element("p", "hint", root, "Drop clips here");
  return { root, name, title, length, list, group: null };
}
