// Mails that nobody here asked for, as those that invite, bring their tokens behind the "#", which no server sees.
"use strict";

const brought = new URLSearchParams(location.hash.slice(1));
const form = document.getElementById("arrived");
const refused = brought.get("error_code") || brought.get("error");
history.replaceState(null, "", location.pathname);

if (refused) {
  location.replace(`${location.pathname}?${new URLSearchParams({ error_code: refused })}`);
} else if (brought.get("access_token") && brought.get("refresh_token")) {
  for (const name of ["type", "access_token", "refresh_token"]) form.elements[name].value = brought.get(name) ?? "";
  document.getElementById("nowhere").hidden = true;
  form.hidden = false;
  const heading = document.querySelector("h1");
  document.title = document.title.replace(heading.textContent, form.dataset.title);
  heading.textContent = form.dataset.title;
  form.querySelector("button").focus();
}
