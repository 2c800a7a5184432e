"use strict";

const log = document.getElementById("log");
const form = document.getElementById("form");
const field = document.getElementById("message");
const status = document.getElementById("status");
const send = form.querySelector("button");
const { phone, practice } = document.body.dataset;
const callUs = `Bel ${practice}: ${phone}.`;
let session = null;
let busy = false;

/** An element with text in it: text from the service or the visitor is never read as markup. */
function element(tag, className = "", text = "") {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text) made.textContent = text;
  return made;
}

function turn(className, speaker, ...parts) {
  const section = element("section", `turn ${className}`);
  section.append(element("h2", "", speaker), ...parts);
  log.append(section);
  return section;
}

function sources(reply) {
  const details = element("details");
  details.append(element("summary", "", "Dit staat in de folder"));
  for (const source of reply.sources) {
    const quote = element("blockquote", "", `“${source.quote}”`);
    quote.append(element("cite", "", `Folder, onder: ${source.section}`));
    details.append(quote);
  }
  return details;
}

function contacts(reply) {
  const list = element("ul", "call");
  for (const contact of reply.contacts.filter((each) => each.phone)) {
    const link = element("a", "", `Bel ${contact.label}: ${contact.phone}`);
    link.href = `tel:${contact.phone.replace(/[^+\d]/g, "")}`;
    const item = element("li");
    item.append(link);
    list.append(item);
  }
  return list;
}

function suggestions(reply) {
  const group = element("div", "suggestions");
  for (const suggestion of reply.suggestions) {
    const button = element("button", "", suggestion.label);
    button.type = "button";
    button.dataset.message = suggestion.message;
    group.append(button);
  }
  return group;
}

function show(reply) {
  const parts = [];
  if (reply.title) parts.push(element("p", "title", reply.title));
  parts.push(element("p", "", reply.text));
  if (reply.contacts.some((contact) => contact.phone)) parts.push(contacts(reply));
  if (reply.sources.length) parts.push(sources(reply));
  if (reply.suggestions.length) parts.push(suggestions(reply));
  return turn(`assistant ${reply.kind}`, reply.kind === "urgent" ? "⚠ Let op: bel nu" : "Assistent", ...parts);
}

function say(text, bad = false) {
  status.textContent = text;
  status.classList.toggle("bad", bad);
}

async function ask(message) {
  if (busy) return;
  busy = true;
  send.disabled = true;
  say("De assistent zoekt het op …");
  const own = turn("visitor", "U", element("p", "", message));
  own.scrollIntoView({ block: "nearest" });
  try {
    const response = await fetch("/api/chat", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ message, session }),
    });
    const answer = await response.json();
    if (!response.ok) throw new Error(answer.error.message);
    session = answer.session;
    const shown = answer.replies.map(show);
    if (!shown.length) throw new Error("no replies");
    const urgent = shown.find((section) => section.classList.contains("urgent"));
    if (urgent) urgent.scrollIntoView({ block: "end" }); // all of it in sight, whatever becomes of the question
    else own.scrollIntoView({ block: "start" }); // the question stays in sight above a long answer
    if (field.value.trim() === message) field.value = "";
    say("");
  } catch (problem) {
    own.remove();
    if (!field.value.trim()) field.value = message;
    const known = problem instanceof Error && problem.message.includes(phone);
    say(known ? problem.message : `De assistent is even niet bereikbaar. Probeer het zo nog eens. ${callUs}`, true);
    if (known && problem.message.includes("gesprek is niet bekend")) session = null;
  } finally {
    busy = false;
    send.disabled = false;
  }
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const message = field.value.trim();
  if (message) ask(message);
  else say("Typ eerst uw vraag.", true);
});

field.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    form.requestSubmit();
  }
});

log.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-message]");
  if (button) ask(button.dataset.message);
});
