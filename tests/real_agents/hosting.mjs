// What every JavaScript test agent's process shares: its record, its socket and its end.
//
//   node SCRIPT FOLDER [--port N]
//
// FOLDER holds node_modules. Several agents live in one process, each under a path of its own, so
// that a start is paid once; their record is one.

import { createRequire } from "node:module";
import { parseArgs, promisify } from "node:util";

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { port: { type: "string", default: "0" } },
});
export const [folder, generation] = positionals;
export const installed = createRequire(`${folder}/`);
const express = installed("express");

/** What reached the agents, in order; `GET /log`, `/cancels` and `/requests` show it. */
export const record = { log: [], cancels: [], requests: [] };

/** Note that an executor runs. */
export function execution(messageId, taskId, contextId, text) {
  record.log.push({ message_id: messageId, task_id: taskId, context_id: contextId, text });
}

/** Serve an agent over gRPC: `services` gives [service, implementation] for the place it has. */
export async function serveGrpc(services) {
  const grpc = installed("@grpc/grpc-js");
  const server = new grpc.Server();
  const credentials = grpc.ServerCredentials.createInsecure();
  const port = await promisify(server.bindAsync).call(server, "127.0.0.1:0", credentials);
  for (const [service, implementation] of services(`127.0.0.1:${port}`))
    server.addService(service, implementation);
}

/** Take the port, let `mount(app, origin)` put the agents there, and say where they are. */
export function serve(mount) {
  const app = express();
  for (const [name, entries] of Object.entries(record))
    app.get(`/${name}`, (_request, response) => response.json(entries));
  app.use((request, _response, next) => {
    const { method, originalUrl: path, headers } = request;
    record.requests.push({ method, path, headers });
    next();
  });
  const listener = app.listen(Number(values.port), "127.0.0.1", async (error) => {
    if (error) throw error;
    const url = `http://127.0.0.1:${listener.address().port}`;
    await mount(app, url);
    console.log(JSON.stringify({ url }));
  });
  // The pipe closes however the test run ends, kill -9 included.
  process.stdin.on("end", () => process.exit(0)).resume();
}
