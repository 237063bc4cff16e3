// Test agents on @a2a-js/sdk 1.3: A2A 1.0 over JSON-RPC and HTTP+JSON, with or without 0.3.
//
//   node js_1.mjs FOLDER GENERATION
//
// `/` is over JSON-RPC, `/polled` the same without streaming, `/rest` over HTTP+JSON; `/compat` and
// `/compat-rest` speak 0.3 too. `/grpc` has the card of one over gRPC, which speaks both.

import { randomUUID } from "node:crypto";
import { execution, generation, installed, record, serve, serveGrpc } from "./hosting.mjs";
import { Canceled, kindOf, respond } from "./words.mjs";

const { Role, TaskState } = installed(`a2a-js-${generation}`);
const sdk = installed(`a2a-js-${generation}/server`);
const routes = installed(`a2a-js-${generation}/server/express`);

class Turn {
  constructor(context, bus) {
    this.message = context.userMessage;
    this.text = valuesOf(this.message, "text").join("");
    this.continues = Boolean(context.task);
    this.taskId = context.taskId;
    this.ids = { taskId: context.taskId, contextId: context.contextId };
    this.publish = (kind, event) => bus.publish(sdk.AgentEvent[kind](event));
  }

  reply(text) {
    this.publish("message", this.#message(text, { ...this.ids, taskId: "" }));
  }

  announce() {
    const { taskId: id, contextId } = this.ids;
    const history = [this.message];
    const status = this.#status("submitted");
    this.publish("task", { id, contextId, status, history, artifacts: [], metadata: {} });
  }

  status(state, text = "") {
    this.publish("statusUpdate", { ...this.ids, status: this.#status(state, text), metadata: {} });
  }

  artifact(name, parts, { append = false, lastChunk = true } = {}) {
    const about = { artifactId: name, name, description: "", metadata: {}, extensions: [] };
    const artifact = { ...about, parts: parts.map(part) };
    this.publish("artifactUpdate", { ...this.ids, artifact, append, lastChunk, metadata: {} });
  }

  received() {
    const { messageId, taskId, contextId, referenceTaskIds, metadata, parts } = this.message;
    return {
      message_id: messageId,
      task_id: taskId,
      context_id: contextId,
      reference_task_ids: referenceTaskIds,
      metadata: metadata ?? {},
      texts: valuesOf(this.message, "text"),
      data: valuesOf(this.message, "data"),
      files: parts
        .filter((part) => part.content.$case === "raw")
        .map(({ content, filename, mediaType }) => ({
          name: filename,
          mimeType: mediaType,
          bytes: Buffer.from(content.value).toString("base64"),
        })),
    };
  }

  #message(text, ids) {
    const parts = [part(text)];
    const about = { role: Role.ROLE_AGENT, metadata: {}, extensions: [], referenceTaskIds: [] };
    return { messageId: randomUUID(), ...ids, parts, ...about };
  }

  #status(state, text = "") {
    const message = text ? this.#message(text, this.ids) : undefined;
    const name = `TASK_STATE_${state.toUpperCase().replace("-", "_")}`;
    return { state: TaskState[name], message, timestamp: new Date().toISOString() };
  }
}

const valuesOf = (message, kind) =>
  message.parts.filter(({ content }) => content.$case === kind).map(({ content }) => content.value);

function part(content) {
  const about = { metadata: {}, filename: "", mediaType: "" };
  const kind = kindOf(content);
  if (kind !== "file") return { ...about, content: { $case: kind, value: content } };
  const { name: filename, mediaType, base64, url } = content;
  const held = url
    ? { $case: "url", value: url }
    : { $case: "raw", value: Buffer.from(base64, "base64") };
  return { ...about, filename, mediaType, content: held };
}

const executor = {
  async execute(context, bus) {
    const turn = new Turn(context, bus);
    execution(turn.message.messageId, turn.taskId, turn.ids.contextId, turn.text);
    await respond(turn);
  },
  async cancelTask(taskId) {
    record.cancels.push({ task_id: taskId, metadata: {} });
    Canceled.tasks.add(taskId);
  },
};

function handler(url, protocolBinding, streaming, versions) {
  const card = {
    name: `JavaScript agent ${generation}`,
    description: "Does what the first word says.",
    version: generation,
    supportedInterfaces: versions.map((protocolVersion) => ({
      url,
      protocolBinding,
      protocolVersion,
      tenant: "",
    })),
    capabilities: { streaming, pushNotifications: false, extensions: [] },
    securitySchemes: {},
    securityRequirements: [],
    defaultInputModes: ["text/plain", "application/*", "image/png"],
    defaultOutputModes: ["text/plain"],
    skills: [
      {
        id: "words",
        name: "Words",
        description: "All of it.",
        tags: ["test"],
        examples: [],
        inputModes: [],
        outputModes: [],
        securityRequirements: [],
      },
    ],
    signatures: [],
  };
  return new sdk.DefaultRequestHandler(card, new sdk.InMemoryTaskStore(), executor);
}

/** Before the others, whose agent at `/` answers whatever is below it. */
async function mountGrpc(app, userBuilder) {
  const grpc = installed(`a2a-js-${generation}/server/grpc`);
  const old = installed(`a2a-js-${generation}/compat/v0_3/server/grpc`);
  await serveGrpc((place) => {
    const requestHandler = handler(place, "GRPC", true, ["1.0", "0.3"]);
    const card = routes.agentCardHandler({ agentCardProvider: requestHandler });
    app.use("/grpc/.well-known/agent-card.json", card);
    return [
      [grpc.A2AService, grpc.grpcService({ requestHandler, userBuilder })],
      [old.LegacyA2AService, old.legacyGrpcService({ requestHandler, userBuilder })],
    ];
  });
}

serve(async (app, origin) => {
  const userBuilder = routes.UserBuilder.noAuthentication;
  await mountGrpc(app, userBuilder);
  for (const [path, binding, streaming, versions] of [
    ["/rest", "HTTP+JSON", true, ["1.0"]],
    ["/polled", "JSONRPC", false, ["1.0"]],
    ["/compat", "JSONRPC", true, ["1.0", "0.3"]],
    ["/compat-rest", "HTTP+JSON", true, ["1.0", "0.3"]],
    ["", "JSONRPC", true, ["1.0"]],
  ]) {
    const legacyCompat = { enabled: versions.length > 1 };
    const requestHandler = handler(origin + path, binding, streaming, versions);
    const serves = binding === "JSONRPC" ? routes.jsonRpcHandler : routes.restHandler;
    const card = routes.agentCardHandler({ agentCardProvider: requestHandler, legacyCompat });
    app.use(`${path}/.well-known/agent-card.json`, card);
    app.use(path || "/", serves({ requestHandler, userBuilder, legacyCompat }));
  }
});
