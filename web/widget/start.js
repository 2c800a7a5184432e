const ELEMENT = "folderwijs-chat";

/** Puts the chat at the end of a page that has none; the script tag's settings become those of the chat. */
function insert() {
  if (document.querySelector(ELEMENT)) return;
  const chat = document.createElement(ELEMENT);
  for (const { name, value } of SCRIPT.attributes) if (name.startsWith("data-")) chat.setAttribute(name, value);
  document.body.append(chat);
}

if (!customElements.get(ELEMENT)) {
  customElements.define(ELEMENT, FolderwijsChat);
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", insert);
  else insert();
}
