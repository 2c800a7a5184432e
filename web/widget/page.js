/** The conversation as a text to copy. */
function conversationText(turns) {
  const told = ({ own, note, reply }) => {
    if (own !== undefined) return `${DUTCH.you}: ${own}`;
    if (note !== undefined) return note;
    const quotes = (reply.sources || []).map((source) => `“${source.quote}” (${DUTCH.section(source.section)})`);
    return [`${DUTCH.assistant}: ${reply.text}`, ...quotes].join("\n");
  };
  return [...turns.map(told), CALL_US].join("\n\n");
}

/** Copies a text; gives whether that worked. Without https the browser has the old way only. */
async function copyText(text, root) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const field = make("textarea", { class: "unseen", readonly: true });
    field.value = text;
    root.append(field);
    field.select();
    const copied = document.execCommand("copy");
    field.remove();
    return copied;
  }
}

/** Adds style sheets: adopted ones, which a strict content security policy allows. */
function addStyles(root, ...texts) {
  if (!("adoptedStyleSheets" in root)) {
    root.prepend(...texts.map((text) => make("style", {}, text)));
    return;
  }
  const sheets = texts.map((text) => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(text);
    return sheet;
  });
  root.adoptedStyleSheets = [...root.adoptedStyleSheets, ...sheets];
}

/** Prints the chat alone: the page around it is hidden on paper, and as it was afterwards. */
function printOnly(chat) {
  const details = [...chat.shadowRoot.querySelectorAll("details:not([open])")];
  const before = [...(document.adoptedStyleSheets || [])];
  details.forEach((each) => each.setAttribute("open", ""));
  chat.setAttribute("data-printing", "");
  if (document.adoptedStyleSheets) {
    addStyles(document, "@media print { body *:not(folderwijs-chat):not(:has(folderwijs-chat)) { display: none !important } }");
  }
  addEventListener(
    "afterprint",
    () => {
      chat.removeAttribute("data-printing");
      details.forEach((each) => each.removeAttribute("open"));
      if (document.adoptedStyleSheets) document.adoptedStyleSheets = before;
    },
    { once: true },
  );
  print();
}
