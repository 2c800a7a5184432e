const PATIENCE = 30_000; // milliseconds

/** Something the visitor must be told: a Dutch sentence, and a code. */
class Trouble extends Error {
  constructor(code, sentence) {
    super(sentence);
    this.code = code;
  }
}

/** The service that this script came from. */
class Service {
  constructor(base) {
    this.base = base;
  }

  /** What /api/widget tells about the leaflet and the practice. */
  async about() {
    try {
      return await this.call("api/widget");
    } catch (trouble) {
      if (trouble.code === "away" && (await this.reachable())) throw new Trouble("refused", DUTCH.refused);
      throw trouble.code === "away" ? new Trouble("away", DUTCH.starting) : trouble;
    }
  }

  chat(message, session) {
    return this.call("api/chat", { message, session });
  }

  /** A visitor's opinion of an answer; nothing waits for it. */
  rate(rating) {
    return fetch(`${this.base}api/feedback`, { ...request(rating), keepalive: true }).catch(() => {});
  }

  leafletAt(source) {
    return `${this.base}folder?${new URLSearchParams({ kop: source.section, zin: source.quote })}#zin`;
  }

  async call(path, body) {
    const control = new AbortController();
    const timer = setTimeout(() => control.abort(), PATIENCE);
    try {
      const response = await fetch(this.base + path, { ...(body ? request(body) : {}), credentials: "omit", signal: control.signal });
      const given = await response.json();
      if (response.ok) return given;
      throw refusal(response, given.error || {});
    } catch (problem) {
      if (problem instanceof Trouble) throw problem;
      throw navigator.onLine ? new Trouble("away", DUTCH.away) : new Trouble("offline", DUTCH.offline);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Whether the service is there, though this page may not read what it says. */
  reachable() {
    return fetch(`${this.base}health`, { mode: "no-cors", credentials: "omit" }).then(() => true, () => false);
  }
}

const request = (body) => ({ method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });

function refusal(response, error) {
  const wait = Number(response.headers.get("retry-after"));
  if (response.status === 429) return new Trouble("too_many_messages", wait > 0 ? DUTCH.tooMany(wait) : error.message || DUTCH.away);
  const told = typeof error.message === "string" && error.message.includes(PRACTICE.phone);
  return new Trouble(error.code || "away", told ? error.message : DUTCH.away);
}
