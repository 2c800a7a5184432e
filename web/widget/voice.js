/** Reading aloud with a Dutch voice of the visitor's own device: others would send the text to somebody else. */
class Reader {
  constructor(changed) {
    this.voice = null;
    this.reading = null;
    if (!("speechSynthesis" in window)) return;
    const look = () => {
      this.voice = speechSynthesis.getVoices().find((voice) => voice.localService && /^nl([-_]|$)/i.test(voice.lang)) || null;
      changed(Boolean(this.voice));
    };
    speechSynthesis.addEventListener?.("voiceschanged", look);
    look();
  }

  stop() {
    if (this.reading) speechSynthesis.cancel();
    this.reading?.();
    this.reading = null;
  }

  /** Reads a text; `done` is called at its end, or when something else is read. */
  read(text, done) {
    this.stop();
    const spoken = new SpeechSynthesisUtterance(text);
    spoken.lang = "nl-NL";
    spoken.voice = this.voice;
    this.reading = done;
    spoken.onend = spoken.onerror = () => {
      if (this.reading === done) this.reading = null;
      done();
    };
    speechSynthesis.speak(spoken);
  }
}

const Recognition = window.SpeechRecognition || window.webkitSpeechRecognition;

/** Has the browser listen once, in Dutch. `heard` gets what was said so far, `done` whether it ended well. */
function listen(heard, done) {
  const listening = new Recognition();
  let well = true;
  listening.lang = "nl-NL";
  listening.interimResults = true;
  listening.onresult = (event) => heard(Array.from(event.results, (result) => result[0].transcript).join(" "));
  listening.onerror = (event) => {
    well = event.error === "aborted";
  };
  listening.onend = () => done(well);
  try {
    listening.start();
  } catch {
    done(false);
  }
  return listening;
}
