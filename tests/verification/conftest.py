"""What every test here trains with: other numbers of threads round otherwise, and killed runs are compared bit for bit."""

from one_thread import one_thread as one_thread
