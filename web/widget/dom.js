/** An element. Children that are texts become text nodes: nothing is ever read as markup. */
function make(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") made.addEventListener(name, value);
    else if (value === true) made.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) made.setAttribute(name, value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined && child !== ""));
  return made;
}

const ICONS = {
  chat: "M4 4h16v12H10l-5 4v-4H4z",
  close: "M6 4.6 12 10.6l6-6L19.4 6l-6 6 6 6-1.4 1.4-6-6-6 6L4.6 18l6-6-6-6z",
  phone: "M6.6 3 10 3.6l1 4-2 2a13 13 0 0 0 5.4 5.4l2-2 4 1 .6 3.4-2 2.6C11 20.4 3.6 13 4 5z",
  menu: "M4 6h16v2H4zm0 5h16v2H4zm0 5h16v2H4z",
  alarm: "M12 2.5 23 21H1zm-1.2 6.500v6h2.400V9zm0 7.500v2.400h2.400v-2.400z",
  microphone: "M12 15a3.5 3.5 0 0 0 3.5-3.500v-6a3.5 3.5 0 0 0-7 0v6A3.5 3.5 0 0 0 12 15zm-7-4h2a5 5 0 0 0 10 0h2a7 7 0 0 1-6 6.900V21h-2v-3.100A7 7 0 0 1 5 11z",
  speaker: "M4 9v6h4l6 5V4L8 9zm12-1.500v9a5 5 0 0 0 0-9z",
  up: "M2 10h4v11H2zm6 0 5-8 2 1-1 6h6l2 2-2 9-2 1H8z",
  down: "M22 14h-4V3h4zm-6 0-5 8-2-1 1-6H4l-2-2 2-9 2-1h10z",
};

function icon(name) {
  const picture = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  picture.setAttribute("viewBox", "0 0 24 24");
  picture.setAttribute("aria-hidden", "true");
  path.setAttribute("d", ICONS[name]);
  picture.append(path);
  return picture;
}

function button(label, click, { picture = "", ...attributes } = {}) {
  return make("button", { type: "button", click, ...attributes }, picture ? icon(picture) : null, make("span", {}, label));
}

const telephone = (number) => `tel:${number.replace(/[^+\d]/g, "")}`;

function callLink(label, phone, picture = "") {
  return make("a", { class: "call", href: telephone(phone) }, picture ? icon(picture) : null, make("span", {}, ...beforeNumber(label, phone)));
}

/** The text of a link to call, with the number on one line. */
function beforeNumber(label, phone) {
  const number = make("span", { class: "number" }, phone);
  return label ? [`${label} `, number] : [number];
}

/** A text with the practice's number, web addresses and e-mail addresses as links. */
function linked(text) {
  const number = PRACTICE.phone.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  const parts = new RegExp(`(${number})|(https?:\\/\\/[^\\s<>"]+[^\\s<>".,;:!?)])|([\\w.+-]+@[\\w-]+(?:\\.[\\w-]+)+)`, "g");
  const nodes = [];
  let end = 0;
  for (const found of text.matchAll(parts)) {
    const [whole, phone, address] = found;
    const href = phone ? telephone(phone) : address || `mailto:${whole}`;
    nodes.push(text.slice(end, found.index), make("a", { href, class: phone ? "number" : "address" }, whole));
    end = found.index + whole.length;
  }
  return [...nodes, text.slice(end)];
}

/** The sentences of a text; a point within a number ends none. */
const sentences = (text) => text.match(/\S.*?[.!?](?=\s|$)|\S.*$/gs) || [text];
