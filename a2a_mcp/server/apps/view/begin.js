// How it begins: what the host tells, what a person does, and the first words to the host.

Object.assign(heard, {
  "ui/notifications/tool-input": (params) => { wanted = { ...params.arguments }; },
  "ui/notifications/tool-result": look,
  "ui/notifications/tool-cancelled": () => look(),
  "ui/notifications/host-context-changed": dress,
});
Object.assign(answered, { "ping": () => ({}), "ui/resource-teardown": end });

at("refresh").addEventListener("click", lookNow);
document.addEventListener("visibilitychange", seenAgain);
new IntersectionObserver(([{ isIntersecting }]) => {
  onScreen = isIntersecting;
  seenAgain();
}).observe(document.body);
new ResizeObserver(() => {
  const height = Math.ceil(document.documentElement.getBoundingClientRect().height);
  tell("ui/notifications/size-changed", { height });
}).observe(document.body);
setInterval(() => { if (!unseen()) show(); }, AGES_MS);

async function begin() {
  const { hostContext, hostCapabilities } = await ask("ui/initialize", {
    protocolVersion: "2026-01-26",
    appInfo: { name: "a2a-mcp tasks", version: "1" },
    appCapabilities: { availableDisplayModes: ["inline", "fullscreen"] },
  });
  mayCall = Boolean(hostCapabilities?.serverTools);
  dress(hostContext ?? {});
  show();
  tell("ui/notifications/initialized", {});
  setTimeout(awaitNoMore, RESULT_MS);
}

begin().catch((error) => say(error.message));
