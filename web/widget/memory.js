const MOST_TURNS = 200;

const isTurn = (entry) => [entry?.own, entry?.note, entry?.reply?.text].some((text) => typeof text === "string");

/** What one tab keeps of one chat: the conversation, its session, what is being typed. Gone when the tab closes, or when the visitor clears it. */
class TabMemory {
  constructor(name) {
    this.name = name;
    this.value = { session: null, turns: [], draft: "", open: null, ...this.read() };
    this.value.turns = Array.isArray(this.value.turns) ? this.value.turns.filter(isTurn) : [];
  }

  read() {
    try {
      return JSON.parse(sessionStorage.getItem(this.name)) || {};
    } catch {
      return {}; // the browser lets nothing be kept, or another script wrote here
    }
  }

  set(changes) {
    Object.assign(this.value, changes);
    this.value.turns = this.value.turns.slice(-MOST_TURNS);
    try {
      sessionStorage.setItem(this.name, JSON.stringify(this.value));
    } catch {
      // kept on this page only
    }
  }

  clear() {
    this.value = { session: null, turns: [], draft: "", open: this.value.open };
    try {
      sessionStorage.removeItem(this.name);
    } catch {
      // nothing was kept
    }
  }

  /** Calls `copied` where another tab goes on with the same session: a tab that is duplicated takes its memory along. */
  alone(copied) {
    if (typeof BroadcastChannel !== "function") return;
    const me = `${Date.now()} ${Math.random()}`;
    const channel = new BroadcastChannel(this.name);
    channel.addEventListener("message", ({ data }) => {
      if (!this.value.session || data.session !== this.value.session) return;
      if (data.asks) channel.postMessage({ session: data.session, tells: data.asks });
      else if (data.tells === me) copied();
    });
    if (this.value.session) channel.postMessage({ session: this.value.session, asks: me });
    addEventListener("pagehide", () => channel.close());
    addEventListener("pageshow", (event) => event.persisted && this.alone(copied));
  }
}
