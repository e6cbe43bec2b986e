const CHOICES = [["System", "As the system says"], ["Light", "Light"], ["Dark", "Dark"]];

export default function ({ parentElement, data }) {
  const root = parentElement.querySelector(".themes");
  if (root.childElementCount) return;
  const base = location.pathname.replace(/[^/]*$/, "");
  const name = (path) => data.stored_as.replace("{path}", base + path);
  const note = document.createElement("p");
  note.setAttribute("role", "status");
  root.setAttribute("role", "radiogroup");
  root.setAttribute("aria-label", "Theme");
  for (const [value, title] of CHOICES) {
    const label = document.createElement("label"), input = document.createElement("input"), swatch = document.createElement("i");
    Object.assign(input, { type: "radio", name: "theme", value, checked: value === current() });
    swatch.className = value.toLowerCase();
    label.append(input, swatch, title);
    input.addEventListener("change", () => choose(value));
    root.append(label);
  }
  root.append(note);

  function current() {
    try {
      return JSON.parse(localStorage.getItem(name(location.pathname.split("/").pop()))) ?? "System";
    } catch {
      return "System";
    }
  }

  function choose(value) {
    try {
      for (const path of data.paths) localStorage.setItem(name(path), JSON.stringify(value));
      note.textContent = "The page is loaded anew ...";
      location.reload();
    } catch {
      note.textContent = "This browser keeps nothing for this address. Choose the theme in the menu at the top right, under Settings.";
    }
  }
}
