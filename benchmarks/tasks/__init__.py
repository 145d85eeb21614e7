"""All tasks, in the order in which they run. A new one is a record in one of these files."""

from benchmarks.task import Task
from benchmarks.tasks import arrays, compiled, families, scalars, startup, training

TASKS: dict[str, Task] = {
    task.name: task for module in (startup, scalars, arrays, families, training, compiled) for task in module.TASKS
}
