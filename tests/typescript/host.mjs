// A host on the TypeScript SDK: it starts a bridge over stdio and calls its tools.
//
//   node host.mjs FOLDER COMMAND [ARGUMENT ...]
//
// FOLDER holds node_modules. On stdin: one call a line, {"tool", "arguments"}. On stdout: first what
// tools/list says, then for each call its result, or {"invalid": why} where the SDK refuses it; it
// holds every result against the outputSchema of its tool, errors too.

import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const [folder, command, ...args] = process.argv.slice(2);
const sdk = createRequire(`${folder}/`);
const { Client } = sdk("@modelcontextprotocol/sdk/client/index.js");
const { StdioClientTransport } = sdk("@modelcontextprotocol/sdk/client/stdio.js");

const say = (value) => process.stdout.write(`${JSON.stringify(value)}\n`);

const client = new Client({ name: "typescript", version: "1" });
await client.connect(new StdioClientTransport({ command, args, env: process.env }));
say(await client.listTools());
for await (const line of createInterface({ input: process.stdin })) {
  const { tool, arguments: given } = JSON.parse(line);
  say(
    await client
      .callTool({ name: tool, arguments: given })
      .catch((error) => ({ invalid: String(error) })),
  );
}
await client.close();
