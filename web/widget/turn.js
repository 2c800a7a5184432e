const WITHOUT_THUMBS = ["urgent", "smalltalk", "practice", "error"];

/** The turns of a conversation as elements. `chat` is the component they belong to. */
class Turns {
  constructor(chat) {
    this.chat = chat;
  }

  /** The element for one entry of the conversation: what the visitor said, a reply, or a note. */
  element(entry) {
    if (entry.own !== undefined) return this.turn("visitor", DUTCH.you, make("p", { class: "said" }, entry.own));
    if (entry.note !== undefined) return make("p", { class: "note" }, entry.note);
    return entry.reply.kind === "urgent" ? this.urgent(entry.reply) : this.reply(entry);
  }

  turn(style, speaker, ...parts) {
    const name = make(this.chat.page ? "h2" : "h3", { class: "speaker" }, ...[speaker].flat());
    return make("div", { class: `turn ${style}` }, name, ...parts);
  }

  /** The first words: who this is, what it knows, what becomes of a question. */
  greeting(paragraphs, openers) {
    return this.turn("assistant greeting", DUTCH.assistant, ...paragraphs.map((text) => make("p", {}, ...linked(text))), this.suggestions(openers));
  }

  reply({ reply, asked }) {
    const { kind, title, text, contacts = [], sources = [], suggestions = [] } = reply;
    return this.turn(
      `assistant ${KINDS.includes(kind) ? kind : "answer"}`,
      DUTCH.assistant,
      title ? make("p", { class: "title" }, title) : null,
      make("p", { class: "said" }, ...linked(text)),
      this.contacts(contacts.filter((contact) => contact.phone && !text.includes(contact.phone))),
      this.sources(sources),
      this.suggestions(kind === "clarify" ? [...suggestions, { label: DUTCH.none, message: DUTCH.none }] : suggestions),
      this.tools(reply, asked),
    );
  }

  /** An alarm: whom to call first, and the rest in short blocks. */
  urgent(reply) {
    const [first, ...rest] = sentences(reply.text);
    const emergency = { label: "112", when: DUTCH.inDanger, phone: "112" };
    const contacts = (reply.contacts || []).some((contact) => contact.phone === "112") ? reply.contacts : [...(reply.contacts || []), emergency];
    return this.turn(
      "assistant urgent",
      [icon("alarm"), DUTCH.urgent],
      make("p", { class: "title" }, first),
      this.contacts([...contacts, { label: DUTCH.practice, phone: PRACTICE.phone }]),
      ...blocks(rest).map((text) => make("p", {}, ...linked(text))),
      this.sources(reply.sources || []),
      this.suggestions(reply.suggestions || []),
      this.tools(reply, ""),
    );
  }

  contacts(contacts) {
    const items = contacts.map(({ label, when, phone }) => {
      const moment = when ? make("span", { class: "when" }, when) : null;
      return phone ? make("li", {}, callLink(phone === label ? DUTCH.call : `${DUTCH.call} ${label}:`, phone, "phone"), " ", moment) : null;
    });
    return items.some(Boolean) ? make("ul", { class: "contacts" }, ...items) : null;
  }

  sources(sources) {
    if (!sources.length) return null;
    const quotes = sources.map((source) =>
      make(
        "blockquote",
        {},
        make("p", { class: "quote" }, `“${source.quote}”`),
        make("p", {}, DUTCH.section(source.section)),
        make(
          "a",
          { class: "at", href: this.chat.service.leafletAt(source), target: "_blank", rel: "noopener" },
          DUTCH.wholeLeaflet,
          make("span", { class: "unseen" }, DUTCH.newTab),
        ),
      ),
    );
    return make("details", {}, make("summary", {}, DUTCH.sources), ...quotes);
  }

  suggestions(suggestions) {
    if (!suggestions.length) return null;
    return make("div", { class: "suggestions" }, ...suggestions.map(({ label, message }) => button(label, () => this.chat.ask(message), { class: "suggestion" })));
  }

  tools(reply, asked) {
    const tools = make("div", { class: "tools" }, this.aloud([reply.title, reply.text].filter(Boolean).join(". ")));
    if (asked && !WITHOUT_THUMBS.includes(reply.kind)) tools.append(...this.thumbs(reply, asked));
    return tools;
  }

  aloud(text) {
    const reader = this.chat.reader;
    const label = (words) => {
      control.lastElementChild.textContent = words;
    };
    const toggle = () => {
      const reading = control.getAttribute("aria-pressed") === "true";
      if (reading) return reader.stop();
      reader.read(text, () => {
        control.setAttribute("aria-pressed", "false");
        label(DUTCH.readAloud);
      });
      control.setAttribute("aria-pressed", "true");
      return label(DUTCH.stopReading);
    };
    const control = button(DUTCH.readAloud, toggle, { picture: "speaker", class: "quiet aloud", "aria-pressed": "false" });
    return control;
  }

  /** Two thumbs, and after one of them a line for why. What is chosen is sent when the visitor is done with it, or goes on. */
  thumbs(reply, asked) {
    const group = make("div", { class: "thumbs" });
    const rate = (helpful) => {
      const why = make("input", { type: "text", maxlength: 300, autocomplete: "off", class: "why" });
      const form = make("form", { class: "reason" }, make("label", {}, DUTCH.why, why), make("button", { type: "submit" }, DUTCH.sendWhy));
      const send = (reason, shown) => {
        this.chat.rate(null);
        this.chat.service.rate({ session: this.chat.memory.value.session, message: asked, topics: reply.topics, helpful, why: reason || null });
        group.replaceChildren(make("p", {}, DUTCH.thanks));
        if (shown) this.chat.field.focus();
      };
      form.append(button(DUTCH.withoutWhy, () => send("", true)));
      form.addEventListener("submit", (event) => {
        event.preventDefault();
        send(why.value.trim(), true);
      });
      this.chat.rate(() => send(why.value.trim(), false));
      group.replaceChildren(form);
      this.chat.reveal(form, "end");
      why.focus();
    };
    group.append(
      button(DUTCH.helped, () => rate(true), { picture: "up", class: "quiet" }),
      button(DUTCH.notHelped, () => rate(false), { picture: "down", class: "quiet" }),
    );
    return this.chat.about?.feedback ? [group] : [];
  }
}

const KINDS = ["answer", "not_in_leaflet", "practice", "urgent", "outside", "smalltalk", "clarify", "error"];

/** Sentences two by two. */
const blocks = (texts) => texts.map((text, place) => (place % 2 ? null : [text, texts[place + 1]].filter(Boolean).join(" "))).filter(Boolean);
