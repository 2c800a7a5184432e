// The desk: what the patient says goes in, the right sentence of the leaflet comes out, without a mouse.
const $ = (selector) => document.querySelector(selector);
const main = $("#main"), query = $("#query"), list = $("#options"), opened = $("#opened"), start = $("#start"), alarm = $("#alarm");
const status = $("#status"), notice = $("#notice"), leafletText = $("#leaflet-text"), keys = $("#keys");
const WAIT = 25; // ms between the last key and the search
const SPEAK_AFTER = 500; // ms without typing before a screen reader hears the number of results
const FEWEST = 2;
const SHOWN = 3;
const NAMES = { practice: "Van de praktijk", outside: "Gaat over iets anders", smalltalk: "Praatje", not_in_leaflet: "Staat niet in de folder" };
const TITLE = document.title;

let topics = new Map();
let options = []; // what can be chosen: {kind, title, text, sources, certainty, topic, reply}
let active = -1;
let current = null; // the option that is open
let running = null;
let waiting = false; // whether the results in sight are of an earlier text
let searching = null;
let timer = 0, speaker = 0, noticeTimer = 0;

function element(name, properties = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (key in made && key !== "role") made[key] = value;
    else made.setAttribute(key, value);
  }
  made.append(...children.filter((child) => child !== null && child !== ""));
  return made;
}

// ---- searching

query.addEventListener("input", () => {
  close();
  stopSearching();
  const text = query.value.trim();
  if (text.length < FEWEST) return showStart();
  waiting = true;
  timer = setTimeout(() => { searching = search(text); }, WAIT);
});

function stopSearching() {
  clearTimeout(timer);
  running?.abort();
  searching = null;
  waiting = false;
}

// Does what a key asks, on the results of all that was typed: fingers are faster than the search.
async function then(action) {
  if (waiting) {
    const text = query.value.trim();
    clearTimeout(timer);
    searching ??= search(text);
    await searching;
    if (waiting || text !== query.value.trim()) return;
  }
  action();
}

async function search(text) {
  running = new AbortController();
  try {
    const answer = await fetch(`/api/search?limit=${SHOWN}&q=${encodeURIComponent(text)}`, { signal: running.signal, headers: { "x-balie": "1" } });
    const found = await answer.json();
    if (text !== query.value.trim()) return;
    waiting = false;
    if (!answer.ok) return fail(found.error?.message);
    show(found);
  } catch (error) {
    if (error.name === "AbortError") return;
    waiting = false;
    fail();
  }
}

function fail(message) {
  reset();
  start.hidden = true;
  say(message ?? `Zoeken lukt nu niet. De folder staat ernaast. Blijft dit zo? Bel ${main.dataset.phone}.`, true);
}

function show(found) {
  reset();
  start.hidden = true;
  if (found.kind === "urgent") return showAlarm(found.reply);
  options = optionsOf(found).slice(0, SHOWN);
  list.replaceChildren(...options.map(optionElement));
  list.hidden = options.length === 0;
  query.setAttribute("aria-expanded", String(options.length > 0));
  if (options.length) choose(0);
  else notice.hidden = false, notice.textContent = "Niets gevonden. Probeer een ander woord, of kijk in de folder.";
  speak(options.length ? spoken() : notice.textContent);
}

function optionsOf(found) {
  const results = found.results.map((result, place) => ({ kind: "answer", topic: result.topic, title: result.title, text: result.answer, sources: result.sources, certainty: found.certainty[place] }));
  const reply = found.reply;
  if (reply.kind === "not_in_leaflet") {
    const said = reply.subject ? main.dataset.say.replace("{gap}", reply.subject) : main.dataset.sayUnnamed;
    const subject = reply.subject ? `: ${reply.subject}` : "";
    return [{ kind: reply.kind, title: `Staat niet in de folder${subject}`, text: said, more: main.dataset.connect, sources: [] }, ...results];
  }
  if (["practice", "outside"].includes(reply.kind)) {
    const said = { kind: reply.kind, title: NAMES[reply.kind], text: reply.text, sources: [] };
    return reply.kind === "practice" || !results.length ? [said, ...results] : results;
  }
  return results;
}

function optionElement(option, place) {
  const made = element("li", { role: "option", id: `option-${place + 1}`, className: `option ${option.kind}`, "aria-selected": "false" },
    element("span", { className: "number", "aria-hidden": "true" }, String(place + 1)),
    element("span", { className: "words" },
      element("strong", {}, option.kind === "not_in_leaflet" ? `✕ ${option.title}` : option.title), " ",
      option.certainty ? element("span", { className: `certainty ${option.certainty}` }, option.certainty) : "", " ",
      element("span", { className: "answer" }, option.text),
      option.more ? element("span", { className: "answer" }, option.more) : ""));
  made.addEventListener("click", () => open(place));
  made.addEventListener("mousemove", () => { if (active !== place) choose(place); });
  return made;
}

function spoken() {
  const named = options.map((option, place) => `${place + 1}: ${option.title}${option.certainty ? `, ${option.certainty}` : ""}`);
  return `${options.length} ${options.length === 1 ? "resultaat" : "resultaten"}. ${named.join(". ")}.`;
}

function choose(place) {
  list.children[active]?.setAttribute("aria-selected", "false");
  active = place;
  const chosen = list.children[active];
  chosen.setAttribute("aria-selected", "true");
  query.setAttribute("aria-activedescendant", chosen.id);
  chosen.scrollIntoView({ block: "nearest" });
  highlight(options[active].sources);
}

// ---- the alarm

function showAlarm(reply) {
  highlight([]);
  document.body.classList.add("alarm");
  document.title = `ALARM – ${TITLE}`;
  alarm.replaceChildren(
    element("p", { className: "alarm-title" }, element("span", { "aria-hidden": "true" }, "⚠ "), `Alarm: ${reply.sign}`),
    element("p", { className: "alarm-do" }, main.dataset.alarm),
    element("ul", { className: "call" }, ...reply.contacts.map(contactElement)),
    element("p", { className: "alarm-text" }, reply.text));
}

function contactElement(contact) {
  const words = [contact.label, contact.when].filter(Boolean).join(", ");
  return element("li", {}, contact.phone ? element("a", { href: `tel:${contact.phone.replace(/[^+\d]/g, "")}` }, `Bel ${words}`) : `Bel ${words}`);
}

// ---- one answer, opened

function open(place) {
  if (!options[place]) return;
  stopSearching(); // else results that are still on their way would close it
  choose(place);
  openOption(options[place]);
}

function openTopic(id) {
  const topic = topics.get(id);
  if (!topic) return;
  stopSearching();
  reset();
  start.hidden = true;
  openOption({ kind: "answer", topic: id, title: topic.title, text: topic.answer, sources: topic.sources });
}

function openOption(option) {
  current = option;
  list.hidden = true;
  query.setAttribute("aria-expanded", "false");
  query.removeAttribute("aria-activedescendant");
  const copySource = option.sources.length ? element("button", { type: "button", id: "copy-quote" }, "Kopieer zin ", element("kbd", {}, "Alt Z")) : null;
  opened.className = option.kind;
  opened.replaceChildren(
    element("h3", { id: "opened-title" }, option.title),
    element("p", { className: "say" }, option.text),
    option.more ? element("p", {}, option.more) : "",
    ...option.sources.map((source) => element("figure", {}, element("blockquote", {}, source.quote), element("figcaption", {}, `Folder, onder ‘${source.section}’`))),
    element("div", { className: "buttons" },
      element("button", { type: "button", id: "copy-answer", className: "main" }, "Kopieer antwoord ", element("kbd", {}, "Alt A")),
      copySource ?? "",
      option.topic ? element("button", { type: "button", id: "favourite", "aria-pressed": String(favourites().includes(option.topic)) }, "★ Favoriet ", element("kbd", {}, "Alt F")) : "",
      element("button", { type: "button", id: "back" }, "Terug ", element("kbd", {}, "Esc"))));
  opened.hidden = false;
  highlight(option.sources);
  speak(`Geopend: ${option.title}. ${option.text}`, 0);
  if (option.topic) count(option.topic);
}

opened.addEventListener("click", (event) => {
  const id = event.target.closest("button")?.id;
  if (id === "copy-answer") copyAnswer();
  else if (id === "copy-quote") copyQuote();
  else if (id === "favourite") toggleFavourite();
  else if (id === "back") clear();
});

function close() {
  current = null;
  opened.hidden = true;
  opened.replaceChildren();
}

function reset() {
  close();
  options = [];
  active = -1;
  list.replaceChildren();
  list.hidden = true;
  notice.hidden = true;
  query.setAttribute("aria-expanded", "false");
  query.removeAttribute("aria-activedescendant");
  document.body.classList.remove("alarm");
  document.title = TITLE;
  alarm.replaceChildren();
}

function showStart() {
  reset();
  highlight([]);
  start.hidden = false;
  clearTimeout(speaker);
  status.textContent = "";
}

function clear() {
  stopSearching();
  query.value = "";
  showStart();
  view("find");
  query.focus();
}

// ---- copying

function shown() {
  return current ?? options[active];
}

function copyAnswer() {
  const option = shown();
  if (!option) return;
  const sources = option.sources.map((source) => `“${oneLine(source.quote)}” (folder ‘${main.dataset.leaflet}’, onder ‘${source.section}’)`);
  const source = sources.length ? [`Uit de folder: ${sources.join(" ")}`] : [];
  copy([option.text, ...source, `${main.dataset.practice}, ${main.dataset.phone}`].join("\n\n"), sources.length ? "Antwoord met bron gekopieerd." : "Tekst gekopieerd.");
}

function copyQuote() {
  const option = shown();
  if (option?.sources.length) copy(option.sources.map((source) => oneLine(source.quote)).join(" "), "Zin uit de folder gekopieerd.");
  else if (option) say("Hier hoort geen zin uit de folder bij.");
}

async function copy(text, done) {
  try {
    await navigator.clipboard.writeText(text);
    say(done);
  } catch {
    say(copyOldWay(text) ? done : "Kopiëren lukt hier niet. Selecteer de tekst en kopieer hem zelf.");
  }
}

// Browsers give the clipboard to secure pages only; a practice's own network often has plain http.
function copyOldWay(text) {
  const area = element("textarea", { value: text, className: "unseen", "aria-hidden": "true" });
  const focused = document.activeElement;
  document.body.append(area);
  area.select();
  const copied = document.execCommand("copy");
  area.remove();
  focused?.focus();
  return copied;
}

// ---- telling

function speak(text, after = SPEAK_AFTER) {
  clearTimeout(speaker);
  speaker = setTimeout(() => { status.textContent = text; }, after);
}

function say(text, stay = false) {
  clearTimeout(noticeTimer);
  notice.textContent = text;
  notice.hidden = false;
  speak(text, 0);
  if (!stay) noticeTimer = setTimeout(() => { notice.hidden = true; }, 4000);
}

// ---- favourites and what is used most

function favourites() {
  try {
    const kept = JSON.parse(localStorage.getItem("balie.favorieten") ?? "[]");
    return Array.isArray(kept) ? kept.filter((id) => topics.has(id)) : [];
  } catch {
    return [];
  }
}

function toggleFavourite() {
  const id = shown()?.topic;
  if (!id) return;
  const had = favourites().includes(id);
  const now = had ? favourites().filter((other) => other !== id) : [...favourites(), id];
  try { localStorage.setItem("balie.favorieten", JSON.stringify(now)); } catch { return say("Deze browser bewaart geen favorieten."); }
  $("#favourite")?.setAttribute("aria-pressed", String(!had));
  fill("#favourites", favourites());
  say(had ? "Uit de favorieten gehaald." : "Bij de favorieten gezet.");
}

function fill(section, ids) {
  const items = ids.filter((id) => topics.has(id)).map((id) => element("li", {}, element("button", { type: "button", "data-topic": id }, topics.get(id).title)));
  $(`${section} ul`).replaceChildren(...items);
  $(section).hidden = items.length === 0;
}

function count(topic) {
  fetch("/api/desk/used", { method: "POST", headers: { "content-type": "application/json", "x-csrf-token": document.body.dataset.csrf }, body: JSON.stringify({ topic }) })
    .then((answer) => { if (answer.status === 401) say("U bent uitgelogd, want de pagina was lang niet in gebruik. Laad de pagina opnieuw en log in.", true); })
    .catch(() => {}); // a count that is missed does no harm
}

async function load() {
  const answer = await fetch("/api/desk/topics").catch(() => null);
  if (!answer?.ok) return;
  const known = await answer.json();
  topics = new Map(known.topics.map((topic) => [topic.topic, topic]));
  fill("#favourites", favourites());
  fill("#used", known.most_used);
}

start.addEventListener("click", (event) => {
  const id = event.target.closest("button")?.dataset.topic;
  if (id) { openTopic(id); query.focus(); }
});

// ---- the leaflet beside it

const oneLine = (text) => text.replace(/\s+/g, " ").trim();

function unmark(kind) {
  for (const mark of leafletText.querySelectorAll(`mark.${kind}`)) {
    const parent = mark.parentNode;
    mark.replaceWith(...mark.childNodes);
    parent.normalize();
  }
}

// Marks `words` in `root` though they go on in the next paragraph; gives the first mark.
function markWords(root, words, kind, all = false) {
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  const nodes = [];
  let text = "", block = null;
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const paragraph = node.parentElement.closest("p, h3, h4");
    if (!paragraph) continue;
    if (block && paragraph !== block) text += " ";
    block = paragraph;
    nodes.push({ node, from: text.length });
    text += node.data;
  }
  const low = text.toLowerCase(), sought = words.toLowerCase();
  const places = [];
  for (let at = low.indexOf(sought); at >= 0; at = all ? low.indexOf(sought, at + sought.length) : -1) places.push(at);
  let last = null;
  for (const at of places.reverse()) {
    for (const { node, from } of [...nodes].reverse()) {
      const begin = Math.max(0, at - from), end = Math.min(node.data.length, at + sought.length - from);
      if (begin >= end) continue;
      const range = document.createRange();
      range.setStart(node, begin);
      range.setEnd(node, end);
      last = element("mark", { className: kind });
      range.surroundContents(last);
    }
  }
  return { first: last, count: places.length };
}

function highlight(sources) {
  unmark("quote");
  let first = null;
  for (const source of sources) {
    const section = [...leafletText.querySelectorAll("section")].find((each) => each.dataset.section === source.section);
    const quote = oneLine(source.quote);
    // a sentence can stand under a smaller heading of its section
    const found = (section && markWords(section, quote, "quote").first) ?? markWords(leafletText, quote, "quote").first;
    first ??= found;
  }
  if (first) leafletText.scrollTop += first.getBoundingClientRect().top - leafletText.getBoundingClientRect().top - 60;
}

$("#in-leaflet").addEventListener("input", (event) => {
  unmark("found");
  const sought = oneLine(event.target.value);
  const told = $("#in-leaflet-status");
  if (sought.length < FEWEST) { told.textContent = ""; return; }
  const { first, count } = markWords(leafletText, sought, "found", true);
  told.textContent = count ? `${count} keer gevonden` : "Niet gevonden";
  if (first) leafletText.scrollTop += first.getBoundingClientRect().top - leafletText.getBoundingClientRect().top - 60;
});

function view(name) {
  main.dataset.view = name;
  for (const tab of document.querySelectorAll(".tabs button")) tab.setAttribute("aria-pressed", String(tab.dataset.view === name));
}

for (const tab of document.querySelectorAll(".tabs button")) {
  tab.addEventListener("click", () => { view(tab.dataset.view); if (tab.dataset.view === "leaflet") highlight(shown()?.sources ?? []); });
}

// ---- keys

function isNumberToPick(event) {
  if (!/^[1-3]$/.test(event.key) || event.ctrlKey || event.metaKey || event.altKey) return false;
  // a number that is part of what the patient says has a blank before it: "na 6 weken"
  return document.activeElement !== query || (query.selectionStart === query.value.length && /\p{L}$/u.test(query.value));
}

document.addEventListener("keydown", (event) => {
  if (keys.open || event.target.closest?.("#leaflet")) {
    if (event.key === "Escape" && !keys.open) { event.preventDefault(); clear(); }
    return;
  }
  const digit = event.altKey && /^Digit[1-3]$/.test(event.code) ? Number(event.code.at(-1)) : isNumberToPick(event) ? Number(event.key) : 0;
  const inField = document.activeElement === query;
  if (digit && (options[digit - 1] || waiting)) { event.preventDefault(); then(() => open(digit - 1)); }
  else if (event.altKey && event.code === "KeyA") { event.preventDefault(); then(copyAnswer); }
  else if (event.altKey && event.code === "KeyZ") { event.preventDefault(); then(copyQuote); }
  else if (event.altKey && event.code === "KeyF") { event.preventDefault(); then(toggleFavourite); }
  else if (event.key === "Escape") { event.preventDefault(); clear(); }
  else if (event.key === "?" && (!inField || !query.value)) { event.preventDefault(); keys.showModal(); }
  else if (inField && (event.key === "ArrowDown" || event.key === "ArrowUp") && options.length) {
    event.preventDefault();
    if (current) { close(); list.hidden = false; query.setAttribute("aria-expanded", "true"); choose(active); }
    else choose((active + (event.key === "ArrowDown" ? 1 : options.length - 1)) % options.length);
  } else if (inField && event.key === "Enter" && !event.isComposing) { event.preventDefault(); if (!current) then(() => { if (active >= 0) open(active); }); }
});

$("#show-keys").addEventListener("click", () => keys.showModal());
$("#close-keys").addEventListener("click", () => keys.close());
keys.addEventListener("close", () => query.focus());
$("#clear").addEventListener("click", clear);
view("find");
load();
