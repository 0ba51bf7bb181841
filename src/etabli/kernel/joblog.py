"""What jobs are given stays out of the log: it may be the text of somebody's e-mail."""

import logging


class WithoutArguments(logging.Filter):
    """The queue's library writes each job with its arguments; a name and a number are enough to find it."""

    def filter(self, record: logging.LogRecord) -> bool:
        job = getattr(record, "job", None)
        if isinstance(job, dict) and "call_string" in job:
            named = f"{job.get('task_name')}[{job.get('id')}]"
            record.msg = str(record.msg).replace(job["call_string"], named)
        return True
