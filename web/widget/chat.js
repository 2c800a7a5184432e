const MOST_CHARACTERS = 1000;
const NEARLY = 800; // characters from which on they are counted
const FINAL = ["refused", "other_leaflet"]; // nothing can be asked here
const AWAY = ["away", "offline"];
const characters = (text) => [...text].length; // as the service counts them

/** <folderwijs-chat>: the chat, in a shadow root. Its settings are the attributes that docs/website.md lists. */
class FolderwijsChat extends HTMLElement {
  connectedCallback() {
    if (this.shadowRoot) return; // only moved within the page
    this.page = this.dataset.mode === "page";
    this.service = new Service(BASE);
    this.memory = new TabMemory(`folderwijs ${BASE} ${this.dataset.leaflet || ""}`);
    this.turns = new Turns(this);
    this.about = null;
    this.loading = false;
    this.busy = false;
    this.own = null; // the turn that waits for an answer
    this.pending = null;
    this.rating = null;
    this.attachShadow({ mode: "open" });
    this.build();
    this.reader = new Reader((can) => this.frame.classList.toggle("can-read", can));
    this.field.value = this.memory.value.draft;
    this.count();
    this.memory.alone(() => this.memory.set({ session: null, copied: true }));
    addEventListener("online", () => this.pending?.byItself && this.pending.again());
    addEventListener("pagehide", () => this.rating?.());
    if (!this.page) document.addEventListener("focusin", ({ target }) => requestAnimationFrame(() => this.makeRoom(target)));
    const { open } = this.memory.value;
    if (this.page || (open ?? this.dataset.open !== undefined)) this.open(false);
    performance.mark?.("folderwijs-ready");
  }

  build() {
    addStyles(this.shadowRoot, STYLES, palette(this.dataset.color));
    this.launcher = button(DUTCH.launch, () => this.open(true), { picture: "chat", class: "launcher", "aria-haspopup": "dialog", "aria-expanded": "false" });
    this.log = make("div", { class: "log", role: "log", "aria-live": "polite", "aria-label": DUTCH.log, tabindex: 0 });
    this.panel = make("div", { class: "panel", tabindex: -1, hidden: true, keydown: (event) => this.keyed(event) }, this.head(), this.log, this.foot());
    if (!this.page) for (const [name, value] of [["role", "dialog"], ["aria-labelledby", "title"]]) this.panel.setAttribute(name, value);
    const frame = this.page ? {} : { role: "region", "aria-label": DUTCH.title };
    this.frame = make("div", { class: `frame ${this.page ? "page" : "corner"}`, lang: "nl", dir: "ltr", ...frame }, this.page ? null : this.launcher, this.panel);
    this.frame.classList.toggle("left", this.dataset.position === "left");
    this.shadowRoot.append(this.frame);
  }

  head() {
    this.heading = make(this.page ? "h1" : "h2", { id: "title" }, DUTCH.title);
    this.menu = make(
      "div",
      { class: "menu", id: "menu", hidden: true },
      button(DUTCH.copy, () => this.copy()),
      button(DUTCH.print, () => this.print()),
      button(DUTCH.clear, () => this.clear()),
    );
    const toggle = () => this.showMenu(this.menu.hidden);
    this.menuButton = button(DUTCH.menu, toggle, { picture: "menu", class: "icon wordless", title: DUTCH.menu, "aria-expanded": "false", "aria-controls": "menu" });
    const close = this.page ? null : button(DUTCH.close, () => this.close(), { picture: "close", class: "icon" });
    const skip = this.page ? button(DUTCH.toField, () => this.field.focus(), { class: "skip" }) : null;
    return make(
      "div",
      { class: "head" },
      skip,
      make("div", { class: "name" }, this.heading, this.menuButton, close),
      make("div", { class: "people" }, callLink("", PRACTICE.phone, "phone"), button(DUTCH.human, () => this.human(), { class: "human" })),
      this.menu,
    );
  }

  foot() {
    this.status = make("p", { class: "status", role: "status" });
    this.offer = make("div", { class: "offer" });
    this.field = make("textarea", { id: "message", rows: 2, placeholder: DUTCH.placeholder, "aria-describedby": "count", autocomplete: "off" });
    this.field.addEventListener("input", () => this.typed());
    this.field.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.submit();
    });
    this.counter = make("p", { class: "count", id: "count" });
    this.send = make("button", { type: "submit", class: "send" }, DUTCH.send);
    const speak = Recognition && isSecureContext ? this.microphone() : null;
    this.form = make(
      "form",
      { class: "ask" },
      make("label", { for: "message" }, DUTCH.label),
      make("div", { class: "row" }, this.field, speak, this.send),
      this.counter,
    );
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.submit();
    });
    return make("div", { class: "foot" }, this.status, this.offer, this.form);
  }

  // Opening and closing.

  open(byVisitor) {
    this.panel.hidden = false;
    this.launcher.hidden = true;
    this.launcher.setAttribute("aria-expanded", "true");
    if (!this.page) this.memory.set({ open: true });
    if (!this.about) this.load();
    if (byVisitor) (matchMedia("(pointer: coarse)").matches || this.form.hidden ? this.panel : this.field).focus();
  }

  close(takeFocus = true) {
    this.rating?.();
    this.reader.stop();
    this.panel.hidden = true;
    this.launcher.hidden = false;
    this.launcher.setAttribute("aria-expanded", "false");
    this.memory.set({ open: false });
    if (takeFocus) this.launcher.focus();
  }

  /** Nothing of the website that has the focus is left under the chat: WCAG 2.2, 2.4.11. */
  makeRoom(target) {
    if (target === this) return;
    const box = target.getBoundingClientRect();
    const panel = this.panel.getBoundingClientRect();
    if (!this.panel.hidden && box.left >= panel.left && box.right <= panel.right && box.top >= panel.top && box.bottom <= panel.bottom) this.close(false);
    this.launcher.classList.remove("raised");
    const { left, right, top, bottom } = this.launcher.getBoundingClientRect();
    this.launcher.classList.toggle("raised", box.right > left && box.left < right && box.bottom > top && box.top < bottom);
  }

  keyed(event) {
    if (event.key !== "Escape" || event.isComposing) return;
    if (!this.menu.hidden) this.closeMenu();
    else if (!this.page) this.close();
    event.stopPropagation();
  }

  showMenu(shown) {
    this.menu.hidden = !shown;
    this.menuButton.setAttribute("aria-expanded", String(shown));
  }

  // What the service tells about itself.

  async load() {
    if (this.loading) return;
    this.loading = true;
    this.settled();
    try {
      const about = await this.service.about();
      if (this.dataset.leaflet && this.dataset.leaflet !== about.leaflet.id) throw new Trouble("other_leaflet", DUTCH.otherLeaflet);
      this.about = about;
      this.heading.textContent = DUTCH.about(about.leaflet.subject);
      this.greet();
    } catch (trouble) {
      this.form.hidden = FINAL.includes(trouble.code);
      this.say(trouble instanceof Trouble ? trouble.message : DUTCH.starting, true);
      if (!this.form.hidden) this.offerAgain(() => this.load(), true);
    } finally {
      this.loading = false;
    }
  }

  /** The first words, and what was said in this tab before. */
  greet() {
    const [first, ...others] = this.about.greeting;
    const again = this.memory.value.turns.length > 0;
    if (again) this.log.setAttribute("aria-live", "off"); // it was read out when it was new
    setTimeout(() => this.log.setAttribute("aria-live", "polite"), 500);
    this.log.replaceChildren(this.turns.greeting([this.dataset.greeting || first, ...others], this.about.openers));
    for (const entry of this.memory.value.turns) this.log.append(this.turns.element(entry));
    if (this.own) this.log.append(this.own);
    if (again) this.reveal(this.log.lastElementChild, "end");
  }

  // Asking.

  submit() {
    const message = this.field.value.trim();
    if (!message) this.say(DUTCH.empty, true);
    else if (characters(this.field.value) > MOST_CHARACTERS) this.say(DUTCH.tooLong(MOST_CHARACTERS), true);
    else this.ask(message);
  }

  async ask(message) {
    if (this.busy) return;
    this.rating?.();
    this.settled();
    this.wait(true);
    const own = this.turns.element({ own: message });
    this.own = own;
    this.log.append(own);
    this.reveal(own, "end");
    const conversation = this.memory.value;
    try {
      const answer = await this.answer(message);
      if (conversation !== this.memory.value) return; // cleared in the meantime
      this.answered(message, answer, own);
    } catch (trouble) {
      if (conversation === this.memory.value) this.failed(message, trouble, own);
    } finally {
      this.own = null;
      this.wait(false);
    }
  }

  /** The service's answer; where it no longer knows the session, in a new one. */
  async answer(message) {
    const { session, copied } = this.memory.value;
    try {
      const answer = await this.service.chat(message, session);
      return { ...answer, forgotten: Boolean(copied || (session && answer.forgotten)) };
    } catch (trouble) {
      if (trouble.code !== "unknown_session" || !session) throw trouble;
      return { ...(await this.service.chat(message, null)), forgotten: true };
    }
  }

  answered(message, { session, replies, forgotten }, own) {
    if (!replies?.length) throw new Trouble("away", DUTCH.away);
    const entries = replies.map((reply) => ({ reply, asked: message }));
    if (forgotten) entries.unshift({ note: DUTCH.forgotten });
    const shown = entries.map((entry) => this.turns.element(entry));
    this.log.append(...shown);
    if (this.field.value.trim() === message) this.field.value = "";
    this.memory.set({ session, copied: false, turns: [...this.memory.value.turns, { own: message }, ...entries], draft: this.field.value });
    this.count();
    this.say("");
    const urgent = shown.find((turn) => turn.classList.contains("urgent"));
    this.reveal(urgent || own, urgent ? "end" : "start"); // all of an alarm in sight; else the question, above a long answer
    if (!this.about) this.load(); // it was away before
  }

  failed(message, trouble, own) {
    own.remove();
    if (!this.field.value.trim()) this.field.value = message;
    this.typed();
    const known = trouble instanceof Trouble ? trouble : new Trouble("away", DUTCH.away);
    this.say(known.message + (this.field.value.trim() === message ? "" : DUTCH.unsent(message)), true);
    this.offerAgain(() => this.ask(message), AWAY.includes(known.code));
  }

  /** A button to try again; `byItself`: also as soon as the browser is back on the internet. */
  offerAgain(again, byItself) {
    const retry = () => {
      this.field.focus();
      again();
    };
    this.pending = { again, byItself };
    this.offer.replaceChildren(button(DUTCH.retry, retry, { class: "retry" }));
  }

  /** Nothing is waiting to be tried again, or to be chosen. */
  settled() {
    this.pending = null;
    this.offer.replaceChildren();
    this.say("");
  }

  wait(busy) {
    this.busy = busy;
    this.send.setAttribute("aria-disabled", String(busy)); // not `disabled`, which would take the focus away
    if (busy) this.say(DUTCH.busy);
    else if (this.status.textContent === DUTCH.busy) this.say("");
  }

  say(text, bad = false) {
    this.status.replaceChildren(...(text ? linked(text) : []));
    this.status.classList.toggle("bad", bad);
    if (text && this.scroller === this.panel) this.reveal(this.status, "end");
  }

  typed() {
    this.memory.set({ draft: this.field.value });
    this.count();
  }

  count() {
    const typed = characters(this.field.value);
    this.counter.textContent = typed >= NEARLY ? DUTCH.count(typed, MOST_CHARACTERS) : "";
    this.counter.classList.toggle("bad", typed > MOST_CHARACTERS);
    this.field.setAttribute("aria-invalid", String(typed > MOST_CHARACTERS));
    if (typed > MOST_CHARACTERS && !this.tooLong) this.say(DUTCH.tooLong(MOST_CHARACTERS), true);
    if (typed <= MOST_CHARACTERS && this.tooLong) this.say("");
    this.tooLong = typed > MOST_CHARACTERS;
  }

  // What else a visitor can do.

  human() {
    const reply = this.about?.human || { kind: "practice", text: DUTCH.humanText, sources: [], suggestions: [], contacts: [] };
    const entries = [{ own: DUTCH.human }, { reply, asked: "" }];
    const shown = entries.map((entry) => this.turns.element(entry));
    this.log.append(...shown);
    this.memory.set({ turns: [...this.memory.value.turns, ...entries] });
    this.reveal(shown[1], "end");
  }

  async copy() {
    this.closeMenu();
    const copied = await copyText(conversationText(this.memory.value.turns), this.shadowRoot);
    this.say(copied ? DUTCH.copied : DUTCH.notCopied, !copied);
  }

  print() {
    this.closeMenu();
    printOnly(this);
  }

  clear() {
    this.closeMenu();
    this.rating = null;
    this.reader.stop();
    this.memory.clear();
    this.own = null;
    this.field.value = "";
    this.count();
    this.settled();
    if (this.about) this.greet();
    this.say(DUTCH.cleared);
    this.field.focus();
  }

  closeMenu() {
    this.showMenu(false);
    this.menuButton.focus();
  }

  /** Keeps what sends the opinion that the visitor is giving; what was kept before is dropped. */
  rate(send) {
    this.rating = send;
  }

  // Speaking.

  microphone() {
    this.listening = null;
    this.mike = button(DUTCH.speak, () => this.speak(), { picture: "microphone", class: "wordless mike", title: DUTCH.speak, "aria-pressed": "false" });
    return this.mike;
  }

  speak() {
    if (this.listening) this.listening.stop();
    else if (this.memory.value.mayListen) this.hear();
    else this.askToListen();
  }

  askToListen() {
    const answer = (may) => {
      this.settled();
      this.memory.set({ mayListen: may });
      this.mike.focus();
      if (may) this.hear();
    };
    this.say(DUTCH.mayListen);
    this.offer.replaceChildren(button(DUTCH.yes, () => answer(true)), button(DUTCH.no, () => answer(false)));
    this.offer.firstElementChild.focus();
  }

  hear() {
    const before = this.field.value.trim();
    const heard = (text) => {
      this.field.value = [before, text].filter(Boolean).join(" ");
      this.typed();
    };
    const done = (well) => {
      this.listening = null;
      this.setListening(false);
      this.say(well ? "" : DUTCH.notHeard, !well);
      if (well) this.field.focus();
    };
    this.setListening(true);
    this.say(DUTCH.listening);
    this.listening = listen(heard, done);
  }

  setListening(on) {
    this.mike.setAttribute("aria-pressed", String(on));
    this.mike.title = this.mike.lastElementChild.textContent = on ? DUTCH.stopSpeaking : DUTCH.speak;
  }

  // Scrolling: within the chat alone, never the page around it.

  /** What scrolls: the conversation, or all of the chat where there is little height. */
  get scroller() {
    return getComputedStyle(this.log).overflowY === "visible" ? this.panel : this.log;
  }

  /** Scrolls an element into sight: its start at the top, or its end, as far as its start stays in sight. */
  reveal(element, edge) {
    const { scroller } = this;
    const box = element.getBoundingClientRect();
    const window = scroller.getBoundingClientRect();
    const toStart = box.top - window.top - 8;
    const toEnd = box.bottom - window.bottom + 8;
    scroller.scrollTop += edge === "start" ? toStart : Math.min(toStart, Math.max(0, toEnd));
  }
}
