"""A fine-tuning job, whole: a job file in, a league table and a verdict out."""

from fairasr.mitigating.from_scratch import FromScratch, read_from_scratch, train_recogniser
from fairasr.mitigating.job import Job
from fairasr.mitigating.job_file import job_from, read_job
from fairasr.mitigating.mitigate import mitigate
from fairasr.mitigating.result import Mitigated

__all__ = ["FromScratch", "Job", "Mitigated", "job_from", "mitigate", "read_from_scratch", "read_job", "train_recogniser"]
