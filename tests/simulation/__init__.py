"""Many processes on one database, in a time of its own: thousands of schedules in some seconds."""
