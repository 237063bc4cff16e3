// What is known of the tasks, and when to look again: slower while nothing happens, and not at all
// while nobody sees the view.

const FIRST_PAUSE = 5_000, LONGEST_PAUSE = 60_000, CALM = 1.5;  // between two looks, in ms
const RESULT_MS = 4_000;  // how long the host may take to send the result that is shown
const MOST_READ = 3;      // tasks whose words are read with each look
const ENDED = new Set(["completed", "failed", "canceled", "rejected"]);
const WAITS = new Set(["input-required", "auth-required"]);

const tasks = new Map();  // by key, in the order of the list
let wanted = {};          // the arguments of the call that is shown
let mayCall = false, over = false, busy = false, onScreen = true;
let awaited = true;       // the host may still send the result that is shown
let next, pause = FIRST_PAUSE, looked = 0;

const keyOf = (row) => JSON.stringify([row.agent, row.task_id ?? row.message_id]);
const ended = (task) => ENDED.has(task.row.state);
const moves = (task) => task.row.task_id && (task.stale || !ended(task));
const unseen = () => document.hidden || !onScreen;
const text = (value) => (typeof value === "string" ? value : "");

// Hosts may leave out one of the two channels of a result.
function wordsOf({ structuredContent, content }) {
  const { text: words, error, note } = structuredContent ?? {};
  const blocks = structuredContent ? [] : (content ?? []).map((block) => text(block.text));
  return text(words) || text(error) || text(note) || blocks.join("\n");
}

function take(result) {
  const { tasks: rows, note, cursor } = result.structuredContent ?? {};
  if (result.isError || !Array.isArray(rows)) return say(wordsOf(result) || "There was no list of tasks.");
  looked = Date.now();
  const before = new Map(tasks);
  tasks.clear();
  for (const row of rows) tasks.set(keyOf(row), merged(before.get(keyOf(row)), row));
  const more = cursor ? "These are the latest; there are more." : "";
  say([text(note), more].filter(Boolean).join("\n"));
  show();
}

function merged(known, row) {
  if (known && known.row.state === row.state && known.row.updated === row.updated) return { ...known, row };
  pause = FIRST_PAUSE;
  return { words: text(row.note), read: 0, ...known, row, stale: true };
}

// First those that wait for a person, then those of which least is known.
async function readWords() {
  const first = ([, a], [, b]) =>
    b.stale - a.stale || WAITS.has(b.row.state) - WAITS.has(a.row.state) || ended(a) - ended(b) || a.read - b.read;
  const found = [...tasks].filter(([, task]) => moves(task)).sort(first);
  for (const [key] of mayCall ? found.slice(0, MOST_READ) : []) await readTask(key);
}

async function readTask(key) {
  const result = await callFor(key, "get_task");
  const words = wordsOf(result);
  if (words !== tasks.get(key)?.words) pause = FIRST_PAUSE;
  learn(key, result, { words, read: Date.now(), stale: false });
}

function callFor(key, tool) {
  const { agent, task_id } = tasks.get(key).row;
  return callTool(tool, { agent, task_id });
}

function learn(key, result, news) {
  const task = tasks.get(key);
  if (!task) return;
  const state = text(result.structuredContent?.state) || task.row.state;
  tasks.set(key, { ...task, ...news, row: { ...task.row, state } });
  show();
}

async function cancelTask(key) {
  try {
    const result = await callFor(key, "cancel_task");
    const { error, note } = result.structuredContent ?? {};
    learn(key, result, { fault: text(error) || text(note), stale: true });
  } catch (error) {
    say(error.message);
  }
  lookNow();
}

// Show what the host has `given`, else what the bridge says now.
async function look(given) {
  if (busy || over || !given && (!mayCall || unseen())) return;
  busy = true;
  clearTimeout(next);
  pause = Math.min(pause * CALM, LONGEST_PAUSE);
  try {
    take(given ?? await callTool("list_tasks", wanted));
    await readWords();
  } catch (error) {
    pause = LONGEST_PAUSE;
    say(error.message);
  } finally {
    busy = false;
    plan();
  }
}

function lookNow() {
  pause = FIRST_PAUSE;
  look();
}

function plan() {
  clearTimeout(next);
  if (over || !mayCall || unseen()) return;
  next = setTimeout(look, [...tasks.values()].some(moves) ? pause : LONGEST_PAUSE);
}

// What was out of sight is old when it comes back.
function seenAgain() {
  if (!awaited && Date.now() - looked > FIRST_PAUSE) look();
  else plan();
}

// Some hosts never send the result.
function awaitNoMore() {
  awaited = false;
  if (!looked) look();
}

function end() {
  over = true;
  clearTimeout(next);
  return {};
}
