// Test agents on @a2a-js/sdk 0.2 and 0.3: A2A of that version over JSON-RPC, 0.3 over HTTP+JSON too.
//
//   node js_0.mjs FOLDER GENERATION
//
// `/` is over JSON-RPC, `/polled` the same without streaming, `/rest` over HTTP+JSON, and `/grpc` has
// the card of one over gRPC.

import { randomUUID } from "node:crypto";
import { execution, generation, installed, record, serve, serveGrpc } from "./hosting.mjs";
import { Canceled, kindOf, respond } from "./words.mjs";

const sdk = installed(`a2a-js-${generation}/server`);
const STOPS = ["input-required", "completed", "canceled", "failed", "rejected"];

class Turn {
  constructor(context, bus) {
    this.message = context.userMessage;
    this.text = this.message.parts.map((part) => part.text ?? "").join("");
    this.continues = Boolean(context.task);
    this.taskId = context.taskId;
    this.ids = { taskId: context.taskId, contextId: context.contextId };
    this.publish = (event) => bus.publish(event);
  }

  reply(text) {
    this.publish(this.#message(text, { contextId: this.ids.contextId }));
  }

  announce() {
    const { taskId: id, contextId } = this.ids;
    const status = { state: "submitted", timestamp: new Date().toISOString() };
    this.publish({ kind: "task", id, contextId, status, history: [this.message], artifacts: [] });
  }

  status(state, text = "") {
    const message = text ? this.#message(text, this.ids) : undefined;
    const status = { state, message, timestamp: new Date().toISOString() };
    this.publish({ kind: "status-update", ...this.ids, status, final: STOPS.includes(state) });
  }

  artifact(name, parts, { append = false, lastChunk = true } = {}) {
    const artifact = { artifactId: name, name, parts: parts.map(part) };
    this.publish({ kind: "artifact-update", ...this.ids, artifact, append, lastChunk });
  }

  received() {
    const { messageId, taskId, contextId, referenceTaskIds, metadata, parts } = this.message;
    return {
      message_id: messageId,
      task_id: taskId,
      context_id: contextId,
      reference_task_ids: referenceTaskIds ?? [],
      metadata: metadata ?? {},
      texts: parts.filter((part) => part.kind === "text").map((part) => part.text),
      data: parts.filter((part) => part.kind === "data").map((part) => part.data),
      files: parts.filter((part) => part.kind === "file").map((part) => part.file),
    };
  }

  #message(text, ids) {
    const parts = [{ kind: "text", text }];
    return { kind: "message", messageId: randomUUID(), role: "agent", parts, ...ids };
  }
}

function part(content) {
  const kind = kindOf(content);
  if (kind === "text") return { kind, text: content };
  if (kind === "data") return { kind, data: content };
  const { name, mediaType: mimeType, base64: bytes, url: uri } = content;
  return { kind, file: uri ? { name, mimeType, uri } : { name, mimeType, bytes } };
}

const executor = {
  async execute(context, bus) {
    const turn = new Turn(context, bus);
    execution(turn.message.messageId, turn.taskId, turn.ids.contextId, turn.text);
    await respond(turn);
    bus.finished();
  },
  async cancelTask(taskId) {
    record.cancels.push({ task_id: taskId, metadata: {} });
    Canceled.tasks.add(taskId);
  },
};

function handler(url, preferredTransport, streaming) {
  const card = {
    name: `JavaScript agent ${generation}`,
    description: "Does what the first word says.",
    version: generation,
    protocolVersion: `${generation}.0`,
    url,
    preferredTransport,
    capabilities: { streaming, pushNotifications: false },
    defaultInputModes: ["text/plain", "application/*", "image/png"],
    defaultOutputModes: ["text/plain"],
    skills: [{ id: "words", name: "Words", description: "All of it.", tags: ["test"] }],
  };
  return new sdk.DefaultRequestHandler(card, new sdk.InMemoryTaskStore(), executor);
}

function mountOld(app, origin) {
  for (const path of ["/polled", ""]) {
    const agent = handler(origin + path, undefined, !path);
    new sdk.A2AExpressApp(agent).setupRoutes(app, path);
  }
}

async function mount(app, origin) {
  const routes = installed(`a2a-js-${generation}/server/express`);
  const userBuilder = routes.UserBuilder.noAuthentication;
  await mountGrpc(app, userBuilder, routes.agentCardHandler);
  for (const [path, binding, streaming] of [
    ["/rest", "HTTP+JSON", true],
    ["/polled", "JSONRPC", false],
    ["", "JSONRPC", true],
  ]) {
    const requestHandler = handler(origin + path, binding, streaming);
    const serves = binding === "JSONRPC" ? routes.jsonRpcHandler : routes.restHandler;
    const card = routes.agentCardHandler({ agentCardProvider: requestHandler });
    app.use(`${path}/.well-known/agent-card.json`, card);
    app.use(path || "/", serves({ requestHandler, userBuilder }));
  }
}

/** Before the others, whose agent at `/` answers whatever is below it. */
async function mountGrpc(app, userBuilder, agentCardHandler) {
  const grpc = installed(`a2a-js-${generation}/server/grpc`);
  await serveGrpc((place) => {
    const requestHandler = handler(place, "GRPC", true);
    const card = agentCardHandler({ agentCardProvider: requestHandler });
    app.use("/grpc/.well-known/agent-card.json", card);
    return [[grpc.A2AService, grpc.grpcService({ requestHandler, userBuilder })]];
  });
}

serve(generation === "0.2" ? mountOld : mount);
