"""Checks of the suite that do not pass, each with its reason.

None is a fault that a host would meet: the suite wants a tool, a prompt or a capability that this
server has no use for, or a fixed text.
"""

from __future__ import annotations

from typing import Final

NO_SUCH_PROMPT: Final = "wants a prompt of its own; the bridge's are about agents and tasks"
NO_SUCH_FORM: Final = "wants a form of its own; the bridge's are made of an agent's question"
NO_SAMPLING: Final = "the bridge never asks a host's model, nor for its roots"
NO_LOGGING: Final = "MCP's logging is not offered: the log goes to stderr"
NO_HEADERS: Final = "no argument of a tool is put into a header (x-mcp-header)"
NO_EMBEDDED: Final = "files come as links to resources, which hosts read when they want them"
NO_RESUMPTION: Final = "a stream is not resumed; a lost answer is read again with get_task"
NO_TRIGGER: Final = "wants tools that change the lists; the bridge's change with its configuration"
ONE_QUESTION: Final = "an agent asks one question at a time"
NEVER_REFUSED: Final = (
    "every tool works without the extension, so no call is refused for lack of it"
)

EXPECTED: Final[dict[str, str]] = {
    "prompts-get-simple": NO_SUCH_PROMPT,
    "prompts-get-with-args": NO_SUCH_PROMPT,
    "prompts-get-embedded-resource": NO_SUCH_PROMPT,
    "prompts-get-with-image": NO_SUCH_PROMPT,
    "sep-2322-non-tool-incomplete": NO_SUCH_PROMPT,
    "elicitation-sep1034-general": NO_SUCH_FORM,
    "elicitation-sep1330-general": NO_SUCH_FORM,
    "sep-2322-elicitation-incomplete": NO_SUCH_FORM,
    "json-schema-2020-12-tool-found": "wants a tool of its own",
    "tasks-headers-tolerate-mcp-method-on-tools-call": "wants the text of its own tool, alone",
    "tools-call-sampling": NO_SAMPLING,
    "sep-2322-sampling-incomplete": NO_SAMPLING,
    "sep-2322-list-roots-incomplete": NO_SAMPLING,
    "sep-2322-respect-client-capabilities": NO_SAMPLING,
    "sep-2575-server-rejects-undeclared-capability": NO_SAMPLING,
    "sep-2575-missing-capability-http-400": NO_SAMPLING,
    "logging-set-level": NO_LOGGING,
    "tools-call-with-logging": NO_LOGGING,
    "sep-2243-server-no-xmcp-tool": NO_HEADERS,
    "sep-2243-server-decode-base64": NO_HEADERS,
    "sep-2243-server-validate-param-match": NO_HEADERS,
    "sep-2243-server-reject-invalid-param-chars": NO_HEADERS,
    "sep-2243-server-reject-param-mismatch": NO_HEADERS,
    "tools-call-embedded-resource": NO_EMBEDDED,
    "tools-call-mixed-content": NO_EMBEDDED,
    "incoming-sse-event": NO_RESUMPTION,
    "server-sse-priming-event": NO_RESUMPTION,
    "server-sse-retry-field": NO_RESUMPTION,
    "sep-2575-server-sends-prompts-list-changed-on-subscription": NO_TRIGGER,
    "sep-2575-server-sends-tools-list-changed-on-subscription": NO_TRIGGER,
    "sep-2322-multiple-inputs-incomplete": ONE_QUESTION,
    "tasks-mrtr-partial-fulfillment": ONE_QUESTION,
    "sep-2663-server-returns-missing-capability-when-required": NEVER_REFUSED,
    "sep-2322-missing-response-rerequests": (
        "an answer without its question's state is refused: asked anew, it could be sent twice"
    ),
    "sep-2663-mrtr-synchronous-before-task-creation": (
        "an answer that ends the agent's work at once is returned at once, not as a task"
    ),
    "sep-2663-tasks-get-status-failed": (
        "wants a call that ends in a protocol error; an agent's failure is a result with isError"
    ),
}
