// What is shown. All of it is set as text: no word of an agent becomes markup.

const STATES = new Set([...ENDED, ...WAITS, "submitted", "working"]);
const MOST_CHARACTERS = 4_000;  // of one task's words
const SURE_MS = 5_000;          // how long a first press of Cancel counts
const AGES_MS = 15_000;         // how often the ages are written again
const UNITS = [[86_400, "d"], [3_600, "h"], [60, "min"], [1, "s"]];
const HINTS = {
  "input-required": "It waits for an answer: give it in the conversation.",
  "auth-required": "It waits until you have signed in or approved.",
};

const at = (id) => document.getElementById(id);
const mayCancel = "cancel" in document.body.dataset;
const sections = new Map();  // by agent, in the order in which they came
const cards = new Map();     // by the task's key

const say = (words) => set(at("note"), words.slice(0, MOST_CHARACTERS));

// Writing the same again would make a screen reader speak again.
function set(part, words) {
  if (part.textContent !== words) part.textContent = words;
}

function make(tag, name, into) {
  const made = document.createElement(tag);
  made.className = name;
  if (tag === "button") made.type = "button";
  into.append(made);
  return made;
}

function show() {
  const focused = document.activeElement, byAgent = new Map();
  for (const [key, task] of tasks) {
    const agent = text(task.row.agent);
    byAgent.set(agent, [...(byAgent.get(agent) ?? []), filled(key, task)]);
  }
  for (const key of cards.keys()) if (!tasks.has(key)) cards.delete(key);
  for (const agent of byAgent.keys()) if (!sections.has(agent)) sections.set(agent, section(agent));
  for (const agent of sections.keys()) if (!byAgent.has(agent)) sections.delete(agent);
  arrange(at("agents"), [...sections.values()]);
  for (const [agent, items] of byAgent) arrange(sections.get(agent).lastChild, items);
  if (focused?.isConnected && focused !== document.activeElement) focused.focus({ preventScroll: true });
  for (const item of cards.values()) fold(item.parts);
  summarise();
}

function arrange(into, wanted) {
  for (const child of [...into.children]) if (!wanted.includes(child)) child.remove();
  wanted.forEach((node, place) => {
    if (into.children[place] !== node) into.insertBefore(node, into.children[place] ?? null);
  });
}

function section(agent) {
  const made = document.createElement("section"), title = make("h2", "", made), list = make("ul", "", made);
  title.textContent = agent;
  title.dir = "auto";
  list.setAttribute("role", "list");  // Safari takes it away with the bullets
  list.setAttribute("aria-label", `Tasks of ${agent}`);
  return made;
}

function summarise() {
  const open = [...tasks.values()].filter((task) => !ended(task)).length;
  set(at("count"), tasks.size ? `${tasks.size} shown, ${open} not ended` : looked ? "none" : "");
  at("refresh").hidden = !mayCall;
}

function filled(key, task) {
  const item = cards.get(key) ?? card(key);
  cards.set(key, item);
  fill(item.parts, task);
  return item;
}

function card(key) {
  const item = document.createElement("li"), line = make("div", "line", item);
  const parts = { state: make("span", "state", line), age: make("time", "soft", line), cancel: make("button", "end", line) };
  for (const [name, look] of [["title", "title"], ["words", "words short"], ["hint", "soft"], ["fault", "words fault"]])
    parts[name] = make("div", look, item);
  parts.more = make("button", "more", item);
  parts.title.dir = parts.words.dir = "auto";
  parts.cancel.addEventListener("click", ({ detail }) => pressed(key, parts.cancel, detail));
  parts.more.addEventListener("click", () => { parts.words.classList.toggle("short"); fold(parts); });
  return Object.assign(item, { parts });
}

function fill(parts, { row, words, fault }) {
  const over = ENDED.has(row.state);
  parts.state.className = `state ${STATES.has(row.state) ? row.state : "other"}`;
  set(parts.state, text(row.state));
  parts.age.dateTime = text(row.updated);
  set(parts.age, age(row.updated));
  set(parts.title, text(row.title));
  set(parts.words, shorten(words, over));
  parts.words.classList.toggle("asked", WAITS.has(row.state));
  set(parts.hint, HINTS[row.state] ?? "");
  set(parts.fault, over ? "" : text(fault));
  for (const name of ["title", "words", "hint", "fault"]) parts[name].hidden = !parts[name].textContent;
  parts.cancel.hidden = !mayCancel || !mayCall || !row.task_id || over;
  label(parts.cancel, text(row.title) || text(row.agent));
}

function label(button, of) {
  set(button, button.classList.contains("sure") ? "Really cancel?" : "Cancel");
  button.setAttribute("aria-label", `${button.textContent}: ${of}`);
}

function fold({ words, more }) {
  const short = words.classList.contains("short");
  more.hidden = words.hidden || (short && words.scrollHeight <= words.clientHeight + 1);
  set(more, short ? "Show more" : "Show less");
  more.setAttribute("aria-expanded", String(!short));
}

// Of a task that goes on, the last words are of interest; of an answer, the first.
function shorten(words, over) {
  if (words.length <= MOST_CHARACTERS) return words;
  return over ? `${words.slice(0, MOST_CHARACTERS)}…` : `…${words.slice(-MOST_CHARACTERS)}`;
}

function age(updated) {
  const seconds = Math.max(0, (Date.now() - Date.parse(updated)) / 1_000);
  if (Number.isNaN(seconds)) return "";
  const [size, unit] = UNITS.find(([each]) => seconds >= each) ?? [1, "s"];
  return `${Math.floor(seconds / size)} ${unit} ago`;
}

// The first press asks, the second does it; the second half of a double click is neither.
async function pressed(key, button, clicks) {
  if (clicks > 1 || !tasks.has(key)) return;
  if (!button.classList.contains("sure")) return doubt(button);
  calm(button);
  button.disabled = true;
  await cancelTask(key);
  button.disabled = false;
  if (document.activeElement === document.body) (button.hidden ? at("refresh") : button).focus({ preventScroll: true });
}

function doubt(button) {
  button.classList.add("sure");
  button.timer = setTimeout(calm, SURE_MS, button);
  show();
}

function calm(button) {
  clearTimeout(button.timer);
  button.classList.remove("sure");
  show();
}
