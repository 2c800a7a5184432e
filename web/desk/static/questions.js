// Marks questions at the desk: each choice is kept at once, and can be undone.
const status = document.querySelector("#status");
const GAP = "overig";

async function keep(group, mark) {
  const ids = group.dataset.ids.split(",").map(Number);
  const answer = await fetch("/api/desk/mark", {
    method: "POST",
    headers: { "content-type": "application/json", "x-csrf-token": document.body.dataset.csrf },
    body: JSON.stringify({ ids, mark: mark || null }),
  }).catch(() => null);
  if (!answer?.ok) {
    const told = answer ? await answer.json().catch(() => null) : null;
    status.textContent = told?.error?.message ?? "Dat is niet gelukt. Probeer het nog eens.";
    show(group);
    return;
  }
  group.dataset.mark = mark;
  show(group);
  const question = group.querySelector("h3").textContent;
  const choice = group.querySelector("select").selectedOptions[0].textContent;
  status.textContent = mark ? `Bewaard: “${question}” hoort bij “${choice}”.` : `Ongedaan gemaakt: “${question}”.`;
  document.querySelector("#open-count").textContent = document.querySelectorAll(".group[data-mark='']").length;
}

function show(group) {
  group.querySelector("select").value = group.dataset.mark;
  const undo = group.querySelector(".undo");
  if (!group.dataset.mark && document.activeElement === undo) group.querySelector("select").focus();
  undo.hidden = !group.dataset.mark;
}

for (const group of document.querySelectorAll(".group")) {
  group.querySelector("select").addEventListener("change", (event) => keep(group, event.target.value));
  group.querySelector(".gap").addEventListener("click", () => keep(group, GAP));
  group.querySelector(".undo").addEventListener("click", () => keep(group, ""));
}
