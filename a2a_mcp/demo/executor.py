"""The demo agent's executor: the first word of a message chooses a skill.

It uses a2a-sdk's server side, but knows nothing of HTTP.
"""

from a2a.helpers import new_task
from a2a.server.agent_execution import AgentExecutor, RequestContext
from a2a.server.events import EventQueue
from a2a.server.tasks import TaskUpdater
from a2a.types import TaskState

from a2a_mcp.demo.skills import SKILLS, Refused, Turn, answered, help_out


class DemoExecutor(AgentExecutor):
    """Runs one skill per message; a message to a waiting task is the answer to its question."""

    async def execute(self, context: RequestContext, event_queue: EventQueue) -> None:
        """Answer one message. A new task is announced first, as a2a-sdk requires."""
        text = context.get_user_input().strip()
        updates = _updates(context, event_queue)
        if context.current_task:
            await answered(Turn(text, updates))
            return
        await event_queue.enqueue_event(
            new_task(
                updates.task_id,
                updates.context_id,
                TaskState.TASK_STATE_SUBMITTED,
                history=[context.message] if context.message else None,
            )
        )
        word, _, words = text.partition(" ")
        skill = SKILLS.get(word.lower())
        turn = Turn(words.strip(), updates)
        try:
            await (skill.run if skill else help_out)(turn)
        except Refused as refusal:
            await turn.say(TaskState.TASK_STATE_REJECTED, str(refusal))

    async def cancel(self, context: RequestContext, event_queue: EventQueue) -> None:
        """Cancel a task; a2a-sdk itself stops the skill that runs for it."""
        turn = Turn("", _updates(context, event_queue))
        await turn.say(TaskState.TASK_STATE_CANCELED, "Stopped, as you asked.")


def _updates(context: RequestContext, event_queue: EventQueue) -> TaskUpdater:
    return TaskUpdater(event_queue, context.task_id or "", context.context_id or "")
