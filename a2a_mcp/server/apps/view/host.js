// The host: JSON-RPC 2.0 by messages, as MCP Apps of 2026-01-26 have it.

const ANSWER_MS = 60_000;
const parent = window.parent;
const waiting = new Map();
const heard = {};     // what the host tells: its method, and what is done
const answered = {};  // what the host asks: its method, and what returns the answer
let lastId = 0;

const post = (message) => parent.postMessage({ jsonrpc: "2.0", ...message }, "*");
const tell = (method, params) => post({ method, params });
const callTool = (name, args) => ask("tools/call", { name, arguments: args });

function ask(method, params) {
  return new Promise((resolve, reject) => {
    const id = ++lastId;
    const late = setTimeout(() => settle(id, { error: { message: "The host did not answer." } }), ANSWER_MS);
    waiting.set(id, { resolve, reject, late });
    post({ id, method, params });
  });
}

function settle(id, { result, error }) {
  const asked = waiting.get(id);
  if (!asked) return;
  waiting.delete(id);
  clearTimeout(asked.late);
  if (error) asked.reject(new Error(String(error.message ?? "The host refused it.")));
  else asked.resolve(result ?? {});
}

function reply(id, method) {
  if (Object.hasOwn(answered, method)) post({ id, result: answered[method]() });
  else post({ id, error: { code: -32601, message: "Method not found" } });
}

addEventListener("message", ({ source, data }) => {
  if (source !== parent || data?.jsonrpc !== "2.0") return;
  const { id, method, params } = data;
  if (method === undefined) settle(id, data);
  else if (id !== undefined) reply(id, method);
  else if (Object.hasOwn(heard, method)) heard[method](params ?? {});
});

// The host's colours and fonts, by the names that the extension has for them.
const VARIABLE = /^--(color|font|border-radius)-[a-z0-9-]+$/;

function dress({ theme, styles }) {
  const root = document.documentElement.style;
  if (theme === "light" || theme === "dark") root.colorScheme = theme;
  for (const [name, value] of Object.entries(styles?.variables ?? {}))
    if (VARIABLE.test(name) && typeof value === "string") root.setProperty(name, value);
}
