// What every JavaScript test agent understands: the words of words.py that the tests say to it.
//
// Knows no SDK: a turn of each generation has `text`, `continues` and the verbs `reply`, `announce`,
// `status`, `artifact` and `received`, and turns them into that SDK's events.

import { existsSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

const PNG =
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC";
const LOOK_MS = 20;
const CHUNK_SECONDS = 0.05;

/** The people who asked for a task to end: as in the SDK's own example, the work looks here. */
export class Canceled extends Error {
  static tasks = new Set();
}

/** A text, an object of data or a {name, mediaType, base64 or url} of a file is a part. */
export const kindOf = (part) =>
  typeof part === "string" ? "text" : part.mediaType ? "file" : "data";

/** Work for so many seconds, or until the file of this path is there. */
async function work(turn, until) {
  const end = Date.now() + Number(until) * 1000; // NaN for a path
  const isOver = () => (Number.isNaN(end) ? existsSync(until) : Date.now() >= end);
  do {
    await sleep(Math.min(LOOK_MS, Math.max(0, (end || Infinity) - Date.now())));
    if (Canceled.tasks.has(turn.taskId)) throw new Canceled();
  } while (!isOver());
}

function start(turn, text = "") {
  if (!turn.continues) turn.announce();
  turn.status("working", text);
}

function finish(turn, name, ...parts) {
  turn.artifact(name, parts);
  turn.status("completed");
}

const WORDS = {
  echo: (turn, rest) => turn.reply(`echo: ${rest}`),
  async silent(turn, rest) {
    const [seconds, ...words] = rest.split(" ");
    await sleep(Number(seconds) * 1000);
    turn.reply(`echo: ${words.join(" ")}`);
  },
  task(turn, rest) {
    start(turn);
    finish(turn, "answer", `task: ${rest}`);
  },
  async stream(turn, rest) {
    const [chunks, seconds = CHUNK_SECONDS] = rest.split(" ").map(Number);
    start(turn);
    for (let chunk = 1; chunk <= chunks; chunk++) {
      const place = { append: chunk > 1, lastChunk: chunk === chunks };
      turn.artifact("answer", [`chunk${chunk} `], place);
      await work(turn, seconds);
    }
    turn.status("completed");
  },
  async slow(turn, rest) {
    start(turn, "still working");
    await work(turn, rest);
    finish(turn, "answer", "slow done");
  },
  input(turn) {
    turn.announce();
    turn.status("input-required", "Which city?");
  },
  async auth(turn, rest) {
    turn.announce();
    turn.status("auth-required", "Please sign in at https://example.com/sign-in");
    await work(turn, rest || 1);
    finish(turn, "answer", "signed in");
  },
  fail(turn) {
    start(turn);
    turn.status("failed", "it broke");
  },
  reject(turn) {
    turn.announce();
    turn.status("rejected", "not something I do");
  },
  raise() {
    throw new Error("raised before any event");
  },
  crash(turn) {
    start(turn);
    throw new Error("crashed while working");
  },
  files(turn) {
    start(turn);
    turn.artifact("picture", [{ name: "dot.png", mediaType: "image/png", base64: PNG }]);
    const url = "https://example.com/report.pdf";
    finish(turn, "report", { name: "report.pdf", mediaType: "application/pdf", url });
  },
  data(turn) {
    start(turn);
    finish(turn, "data", { answer: 42, list: [1, 2, 3] });
  },
  meta(turn) {
    start(turn);
    finish(turn, "meta", JSON.stringify(turn.received()));
  },
};

/** Do what the first word says. A turn on a task that was there before ends it with `got:`. */
export async function respond(turn) {
  const [word, ...rest] = turn.text.trim().split(" ");
  try {
    if (word === "meta" || !word) WORDS.meta(turn);
    else if (turn.continues) {
      start(turn);
      finish(turn, "answer", `got: ${turn.text}`);
    } else if (word in WORDS) await WORDS[word](turn, rest.join(" ").trim());
    else turn.reply(`no such word: ${turn.text}`);
  } catch (ended) {
    if (!(ended instanceof Canceled)) throw ended;
    turn.status("canceled", "canceled as asked");
  }
}
